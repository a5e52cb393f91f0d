// Deferred components: those that come into view together are loaded by one request.
//
// htmx sees one request for each component; only the fetching is shared. The server leaves out
// values that take long. They are requested again, so that the others need not wait for them.
(() => {
  "use strict";

  const GATHER_MS = 20;
  const MAX_KEYS = 50; // Keys in one request, so that its address does not get too long.

  const batches = new Map(); // Components that wait for a request, by its URL and query string.

  // Returns a promise of the response that the component's own address would give.
  function load(element, action, request) {
    const { dashboardsBatchUrl: url, dashboardsBatchKey: key } = element.dataset;
    const query = new URL(action, location.href).search;
    return new Promise((resolve, reject) => {
      const loadAlone = () => fetch(action, request).then(resolve, reject);
      gather(url, query, { key, resolve, loadAlone, request });
    });
  }

  function gather(url, query, item) {
    const name = `${url} ${query}`;
    if (!batches.has(name)) {
      batches.set(name, []);
      setTimeout(() => {
        const items = batches.get(name);
        batches.delete(name);
        while (items.length) request(url, query, items.splice(0, MAX_KEYS));
      }, GATHER_MS);
    }
    batches.get(name).push(item);
  }

  function responseOf({ status, html, state, at }) {
    const headers = at ? { "Dashboards-At": at } : {};
    if (state) headers["Dashboards-State"] = encodeURIComponent(state);
    return new Response(html ?? null, { status, headers });
  }

  async function request(url, query, items) {
    if (items.length === 1) return items[0].loadAlone();
    const keys = items.map(({ key }) => key).join(",");
    const { headers: first, credentials } = items[0].request;
    // The ETag is about the first component only.
    const { "If-None-Match": _, ...headers } = first;
    let answer;
    try {
      const response = await fetch(`${url}${keys}/${query}`, { headers, credentials });
      if (!response.ok) throw new Error(response.status);
      answer = await response.json();
    } catch {
      return items.forEach((item) => item.loadAlone()); // Each then shows its own error.
    }
    for (const item of items) {
      const ready = answer.ready[item.key];
      if (ready) item.resolve(responseOf(ready));
      else if (answer.again.includes(item.key)) gather(url, query, item);
      else item.loadAlone();
    }
  }

  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      htmx.trigger(target, "dashboards:seen", {}, false);
    }
  });
  const observed = new WeakSet();

  function observe(root) {
    for (const element of [root, ...root.querySelectorAll("[data-dashboards-batch-url]")]) {
      if (!element.dataset?.dashboardsBatchUrl || observed.has(element)) continue;
      observed.add(element);
      observer.observe(element);
    }
  }

  htmx.registerExtension("dashboards-deferred", {
    htmx_after_process: observe,
    htmx_before_request(element, { ctx }) {
      if (element.dataset.dashboardsBatchUrl && ctx.sourceEvent?.type === "dashboards:seen") {
        ctx.fetch = (action, request) => load(element, action, request);
      }
    },
  });

  // htmx may have processed the document before this script ran.
  if (document.readyState !== "loading") observe(document.body);
})();

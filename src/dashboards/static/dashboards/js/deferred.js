// Components that come into view together load together: one request, and each its own answer.
//
// htmx sees a request of each; only the fetching is shared. What the server leaves out takes long
// and is asked for alone, so that the others need not wait.
(() => {
  "use strict";

  const GATHER_MS = 20;
  const MOST = 50; // so that no address gets too long

  const batches = new Map(); // What is being gathered, by the address that it will be asked from.

  function load(element, action, request) {
    const { dashboardsBatchUrl: batch, dashboardsBatchKey: key } = element.dataset;
    const query = new URL(action, location.href).search;
    return new Promise((resolve, reject) => {
      add(batch, query, { key, resolve, reject, alone: () => fetch(action, request), request });
    });
  }

  function add(batch, query, item) {
    const name = `${batch} ${query}`;
    if (!batches.has(name)) {
      batches.set(name, []);
      setTimeout(() => {
        const items = batches.get(name);
        batches.delete(name);
        while (items.length) ask(batch, query, items.splice(0, MOST));
      }, GATHER_MS);
    }
    batches.get(name).push(item);
  }

  // As the component's own address would have answered.
  function answerOf({ status, html, state }) {
    const headers = state ? { "Dashboards-State": encodeURIComponent(state) } : {};
    return new Response(html ?? null, { status, headers });
  }

  async function ask(batch, query, items) {
    const alone = ({ alone, resolve, reject }) => alone().then(resolve, reject);
    if (items.length === 1) return alone(items[0]);
    const keys = items.map(({ key }) => key).join(",");
    const { headers: its, credentials } = items[0].request;
    // Whose tag says nothing about the others.
    const { "If-None-Match": tag, ...headers } = its;
    let answer;
    try {
      const response = await fetch(`${batch}${keys}/${query}`, { headers, credentials });
      if (!response.ok) throw new Error(response.status);
      answer = await response.json();
    } catch {
      return items.forEach(alone); // Each says for itself what is wrong.
    }
    for (const item of items) {
      const ready = answer.ready[item.key];
      if (ready) item.resolve(answerOf(ready));
      else if (answer.again.includes(item.key)) add(batch, query, item);
      else alone(item);
    }
  }

  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      htmx.trigger(target, "dashboards:seen", {}, false);
    }
  });
  const watched = new WeakSet();

  function watch(root) {
    for (const element of [root, ...root.querySelectorAll("[data-dashboards-batch-url]")]) {
      if (!element.dataset?.dashboardsBatchUrl || watched.has(element)) continue;
      watched.add(element);
      seen.observe(element);
    }
  }

  htmx.registerExtension("dashboards-deferred", {
    htmx_after_process: watch,
    htmx_before_request(element, { ctx }) {
      if (element.dataset.dashboardsBatchUrl && ctx.sourceEvent?.type === "dashboards:seen") {
        ctx.fetch = (action, request) => load(element, action, request);
      }
    },
  });

  // htmx may have processed the document before this script ran.
  if (document.readyState !== "loading") watch(document.body);
})();

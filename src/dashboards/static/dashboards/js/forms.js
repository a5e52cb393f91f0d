// Forms: a stale token, a failure or a live update does not remove what somebody has typed.
(() => {
  "use strict";

  const { isInUse, trust, views } = window.dashboards;
  const MESSAGE_MS = 6_000; // How long a message such as "Saved." is shown before the form reloads.

  const formIn = (box) => box.querySelector?.(":scope > form[data-dashboards-form]");
  const postponed = new WeakSet(); // Boxes with an update that waits because their form is in use.

  function loadPostponed(box) {
    const form = formIn(box);
    if (!postponed.has(box) || !box.isConnected || (form && isInUse(form))) return;
    postponed.delete(box);
    htmx.trigger(box, "dashboards:refresh", {}, false);
  }

  // Sends a form, and once more with a new token if the answer is 403: the page is old, or somebody
  // has signed in meanwhile. The form's own address has the new token, for those who may see it.
  async function send(form, action, request) {
    const response = await fetch(action, request);
    const hasToken = request.body?.has?.("csrfmiddlewaretoken");
    if (response.status !== 403 || !hasToken) return response;
    const token = await fetchToken(form.dataset.dashboardsFresh, request.headers);
    if (!token) return response;
    request.body.set("csrfmiddlewaretoken", token);
    form.querySelector("[name=csrfmiddlewaretoken]").value = token;
    return fetch(action, request);
  }

  async function fetchToken(url, headers) {
    const response = await fetch(url, { headers, credentials: "same-origin", cache: "no-store" });
    if (!response.ok) return "";
    const page = document.createElement("template");
    page.innerHTML = trust.createHTML(await response.text());
    return page.content.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  }

  // Other filters show other rows: the tables that a form filters go to their first page, as after
  // a search.
  function showFirstPages(box, key) {
    const scope = box.closest(".dashboards-dashboard[id]") ?? document;
    for (const target of scope.querySelectorAll(`[data-dashboards-depends-on~="${key}"]`)) {
      const { dashboardsKey, dashboardsViewUrl } = views.viewIn(target)?.dataset ?? {};
      if (!dashboardsViewUrl || !target.querySelector(":scope > .dashboards-rows")) continue;
      const url = new URL(dashboardsViewUrl, location.href);
      url.searchParams.delete(`${dashboardsKey}-page`);
      views.viewIn(target).dataset.dashboardsViewUrl = url.href;
    }
  }

  htmx.registerExtension("dashboards-forms", {
    htmx_before_request(element, { ctx }) {
      if (element.matches("form[data-dashboards-fresh]") && ctx.request.method === "POST") {
        ctx.fetch = (action, request) => send(element, action, request);
      }
    },
    // If a view of the project redirects, the page goes where it would go without scripts.
    htmx_after_request(element, { ctx }) {
      const { raw } = ctx.response;
      if (!element.matches("form[data-dashboards-form]") || !raw.redirected) return true;
      location.assign(raw.url);
      return false;
    },
    htmx_before_swap(element, { ctx }) {
      if (element !== ctx.target) return true;
      const form = formIn(element);
      if (!form || !isInUse(form)) return true;
      postponed.add(element);
      return false;
    },
    htmx_finally_request(element, { ctx }) {
      const box = ctx.target;
      if (element === box || !(ctx.response?.status < 400) || !(box instanceof Element)) return;
      if (!element.closest("form[data-dashboards-form]")) return;
      const form = formIn(box);
      if (form?.querySelector(".dashboards-form-message")) {
        form.dataset.dashboardsShowsMessage = "";
        setTimeout(() => {
          delete form.dataset.dashboardsShowsMessage;
          loadPostponed(box);
        }, MESSAGE_MS);
      }
      if (form?.dataset.dashboardsKey) showFirstPages(box, form.dataset.dashboardsKey);
      htmx.trigger(box, "dashboards:changed", {}, false);
    },
  });

  // A postponed update is loaded when the focus leaves a form that nobody has changed.
  document.addEventListener("focusout", ({ target }) => {
    const box = target.closest?.("form[data-dashboards-form]")?.parentElement;
    if (box) setTimeout(() => loadPostponed(box));
  });
})();

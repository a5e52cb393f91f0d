// Forms: nothing that somebody has typed is lost, to a stale token, a failure or a live update.
(() => {
  "use strict";

  const { isInUse } = window.dashboards;
  const TOLD_MS = 6_000; // How long "Saved." stands before the form may be loaded anew.

  const formIn = (box) => box.querySelector?.(":scope > form[data-dashboards-form]");
  const missed = new WeakSet(); // Boxes whose news was declined.

  function loadMissed(box) {
    const form = formIn(box);
    if (!missed.has(box) || !box.isConnected || (form && isInUse(form))) return;
    missed.delete(box);
    htmx.trigger(box, "dashboards:refresh", {}, false);
  }

  // Refused for its token: the page is old, or somebody signed in meanwhile. Its own address has a
  // new one. Whoever may not load that may not post, either.
  async function send(form, action, request) {
    const response = await fetch(action, request);
    const isOld = response.status === 403 && request.body?.has?.("csrfmiddlewaretoken");
    if (!isOld) return response;
    const token = await freshToken(form.dataset.dashboardsFresh, request.headers);
    if (!token) return response;
    request.body.set("csrfmiddlewaretoken", token);
    form.querySelector("[name=csrfmiddlewaretoken]").value = token;
    return fetch(action, request);
  }

  async function freshToken(url, headers) {
    const answer = await fetch(url, { headers, credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) return "";
    const page = document.createElement("template");
    page.innerHTML = window.dashboards.trust.createHTML(await answer.text());
    return page.content.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  }

  htmx.registerExtension("dashboards-forms", {
    htmx_before_request(element, { ctx }) {
      if (element.matches("form[data-dashboards-fresh]") && ctx.request.method === "POST") {
        ctx.fetch = (action, request) => send(element, action, request);
      }
    },
    // A view of one's own that redirects leads where it would lead without scripts.
    htmx_after_request(element, { ctx }) {
      if (!element.matches("form[data-dashboards-form]") || !ctx.response.raw.redirected) return true;
      location.assign(ctx.response.raw.url);
      return false;
    },
    htmx_before_swap(element, { ctx }) {
      if (element !== ctx.target) return true;
      const form = formIn(element);
      if (!form || !isInUse(form)) return true;
      missed.add(element);
      return false;
    },
    htmx_finally_request(element, { ctx }) {
      const box = ctx.target;
      if (element === box || !(ctx.response?.status < 400) || !(box instanceof Element)) return;
      if (!element.closest("form[data-dashboards-form]")) return;
      const form = formIn(box);
      if (form?.querySelector(".dashboards-form-message")) {
        form.dataset.dashboardsTold = "";
        setTimeout(() => {
          delete form.dataset.dashboardsTold;
          loadMissed(box);
        }, TOLD_MS);
      }
      htmx.trigger(box, "dashboards:changed", {}, false);
    },
  });

  // What was declined while somebody was at it comes once they have left it as it was.
  document.addEventListener("focusout", ({ target }) => {
    const box = target.closest?.("form[data-dashboards-form]")?.parentElement;
    if (box) setTimeout(() => loadMissed(box));
  });
})();

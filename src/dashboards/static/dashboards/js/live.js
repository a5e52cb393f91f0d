// Live boxes: connects each element with `sse-connect`, and keeps the answers to a box's own
// requests from replacing what is newer. It is an extension of htmx.
(() => {
  "use strict";

  const { connectStream, isUpdatedSince, receive, refresh, trust, views } = window.dashboards;

  // The ETag of the last answer that an element loaded itself, and when the request was sent.
  const tags = new WeakMap();

  // Shows or hides the message that a viewer's own request (sort, search, send) has failed.
  function showFailed(element, isFailed) {
    const sender = element.closest?.("form[data-dashboards-form], .dashboards-rows");
    const message = sender?.querySelector(":scope > .dashboards-failed");
    if (message) message.hidden = !isFailed;
  }

  function connectAll(root) {
    connectStream(root, receive);
    root.querySelectorAll("[sse-connect]").forEach((each) => connectStream(each, receive));
  }

  // Uses the name of htmx's own extension, which would open a second stream on `sse-connect`.
  htmx.registerExtension("sse", {
    init: (api) => api.initSecurity?.(trust),
    htmx_after_process: connectAll,
    htmx_config_request(element, { ctx }) {
      // An unchanged answer (304) is not swapped in: it could only remove what an event has brought
      // meanwhile.
      const first = { tag: element.dataset.dashboardsEtag, requestedAt: 0 };
      const { tag, requestedAt } = tags.get(element) ?? first;
      // An update replaces what the tag is about.
      if (tag && !isUpdatedSince(element, requestedAt)) ctx.request.headers["If-None-Match"] = tag;
      // A request that no person started (a poll, a refresh) does not keep them signed in.
      if (!ctx.sourceEvent?.isTrusted) ctx.request.headers["Dashboards-Automatic"] = "true";
    },
    htmx_before_request(element, { ctx }) {
      ctx.dashboardsRequestedAt = performance.now();
      showFailed(element, false);
      // A box that loads itself keeps the viewer's view. The parameters are added here and not
      // earlier: while this request waited for another one, they may have sorted.
      const isOwn = element === ctx.target && ctx.request.method === "GET";
      const content = isOwn && views.viewIn(element);
      const filters = ctx.target instanceof Element ? views.filterFormsOf(ctx.target) : [];
      for (const { dataset } of content ? [...filters, content] : filters) {
        ctx.request.action = views.withViewState(ctx.request.action, dataset).href;
      }
    },
    htmx_response_error(element, { ctx }) {
      // An answer with 422 shows a form's errors.
      if (ctx.response.status !== 422) showFailed(element, true);
    },
    htmx_error: (element) => showFailed(element, true),
    htmx_after_request(element, { ctx }) {
      const tag = ctx.response.headers.get("ETag");
      if (!tag || !("dashboardsEtag" in element.dataset)) return;
      tags.set(element, { tag, requestedAt: ctx.dashboardsRequestedAt });
    },
    // What was computed before an update arrived must not overwrite it.
    htmx_before_swap(element, { ctx }) {
      if (ctx.dashboardsRequestedAt === undefined) return true;
      const shown = [ctx.target, ...ctx.target.querySelectorAll("[sse-swap]")];
      if (!shown.some((each) => isUpdatedSince(each, ctx.dashboardsRequestedAt))) return true;
      // But another view that the viewer requested is shown, and then loaded once more.
      if (element === ctx.target || !ctx.target.contains(element)) return false;
      refresh(ctx.target);
      return true;
    },
    htmx_after_swap(element, { ctx }) {
      if (ctx.target instanceof Element) views.showInAddress(ctx.target);
    },
    htmx_before_morph_attr(element, { attrName }) {
      // An answer must not overwrite what somebody is typing, nor the state of the stream, which
      // only the page has.
      const isTyped = attrName === "value" && element === document.activeElement;
      return attrName !== "data-dashboards-live" && !isTyped;
    },
  });

  // htmx may have processed the document before this script ran.
  if (document.readyState !== "loading") connectAll(document.body);
})();

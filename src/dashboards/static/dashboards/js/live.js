// Live updates of the page: `sse-swap` names the event that an element shows, `sse-refresh` the event
// on which it loads its own value. streams.js receives the events; htmx swaps.
//
// Rooms of this file: receiving an event; loading one's own value; the viewer's view; requests.
(() => {
  "use strict";

  const { connectStream, trust } = window.dashboards;

  const arrivals = new WeakMap(); // When an element last showed an update from its stream.
  const tags = new WeakMap(); // The ETag of the last answer that an element loaded itself.

  // ---- Receiving an event ----

  const names = (target, attribute, event) =>
    target.getAttribute(attribute)?.split(",").some((name) => name.trim() === event);

  // A frame is rendered once for all pages: it has a placeholder for the page's script prefix.
  const insertPrefix = (text) => {
    if (!text.includes("/@dashboards@/")) return text;
    const prefix = document.querySelector("[data-dashboards-prefix]")?.dataset.dashboardsPrefix;
    return text.replaceAll("/@dashboards@/", prefix || "/");
  };

  // A frame contains the release that rendered it. A frame of another structure is not shown.
  const isOfThisRelease = ({ dataset: { dashboardsRelease: release } }, text) => {
    const renderedBy = /^<!--dashboards (\w+)\./.exec(text)?.[1];
    return !renderedBy || !release || renderedBy === release;
  };

  // Gives an event to each element below the one that opened the stream, but not to those below an
  // element with a stream of its own.
  function receive(element, event, data, clearsState) {
    const text = insertPrefix(data);
    for (const target of [element, ...element.querySelectorAll("[sse-swap], [sse-refresh]")]) {
      if (target.closest("[sse-connect]") === element) update(target, event, text, clearsState);
    }
  }

  function update(target, event, text, clearsState) {
    const key = event.replace(/:(append|state)$/, "");
    if (names(target, "sse-refresh", event)) refresh(target);
    if (!names(target, "sse-swap", key) || !isOfThisRelease(target, text)) return;
    const isState = event.endsWith(":state");
    if (isState || clearsState) window.dashboards.showState?.(target, isState ? text : "");
    if (isState) return;
    arrivals.set(target, performance.now());
    tags.set(target, ""); // It no longer shows the last answer.
    // A listener that prevents this event shows the update itself: a chart, whose figure is JSON.
    // `message` is for listeners that were written for htmx's own extension.
    const message = { event, data: text };
    const isSwapped = htmx.trigger(target, "htmx:before:sse:message", { ...message, message });
    if (!isSwapped || message.cancelled) return;
    if (key !== event) return append(target, text);
    if (viewUrlOf(target) || filterFormsOf(target).some((each) => each.dataset.dashboardsViewUrl)) {
      return refresh(target);
    }
    const style = target.getAttribute("hx-swap") || "innerMorph";
    htmx.swap({ text: unwrap(target, text), target, sourceElement: target, swap: style });
  }

  // An update that was rendered by a component's own template may contain the element that it shall
  // fill. Only the content of that element is used; else each update would nest one element deeper.
  function unwrap(target, text) {
    if (!text.includes("sse-swap")) return text;
    const received = document.createElement("template");
    received.innerHTML = trust.createHTML(text);
    const opens = (element) => element.hasAttribute("sse-connect");
    const stream = (element) => element.closest("[sse-connect]")?.getAttribute("sse-connect");
    const itself = [...received.content.querySelectorAll("[sse-swap]")].find(
      (each) =>
        each.getAttribute("sse-swap") === target.getAttribute("sse-swap") &&
        ((opens(each) && opens(target)) || [undefined, stream(target)].includes(stream(each))),
    );
    return itself ? itself.innerHTML : text;
  }

  // Appends points of a series. Each has a number: a point that is there already (sent again after a
  // cut connection, or loaded meanwhile) is ignored, and the oldest above the maximum are removed.
  function append(target, text) {
    const known = target.querySelectorAll(":scope > [data-dashboards-point]");
    const last = Number(known[known.length - 1]?.dataset.dashboardsPoint ?? 0);
    const received = document.createElement("template");
    received.innerHTML = trust.createHTML(text);
    const isNew = ({ dataset }) => Number(dataset.dashboardsPoint) > last;
    const points = [...received.content.children].filter(isNew);
    target.append(...points);
    const most = Number(target.dataset.dashboardsMaxPoints || Infinity);
    const surplus = known.length + points.length - most;
    [...known, ...points].slice(0, Math.max(surplus, 0)).forEach((point) => point.remove());
  }

  // ---- Loading one's own value ----

  // The value depends on the viewer: load it, after a random pause, so that not all pages of a
  // dashboard send their request at once.
  const refreshing = new WeakSet();

  function refresh(target) {
    if (refreshing.has(target)) return;
    refreshing.add(target);
    setTimeout(() => {
      refreshing.delete(target);
      if (!target.isConnected) return;
      const viewUrl = viewUrlOf(target);
      if (!viewUrl) return htmx.trigger(target, "dashboards:refresh", {}, false);
      htmx.ajax("GET", viewUrl, { target, source: target, swap: "innerMorph" });
    }, Math.random() * Number(target.dataset.dashboardsJitter || 0));
  }

  // ---- The viewer's view: what they have sorted, searched, paged or filtered ----

  // Content that a viewer may sort and page has its key. Once they have, it also has the URL of their
  // view, which is loaded in place of the frame for everybody.
  const viewIn = (target) => target.querySelector(":scope > [data-dashboards-key]");
  const viewUrlOf = (target) => viewIn(target)?.dataset.dashboardsViewUrl;

  // Returns the forms that filter a component. They may be in another part of the page.
  function filterFormsOf(target) {
    const keys = target.dataset.dashboardsDependsOn?.split(" ") ?? [];
    const scope = target.closest(".dashboards-dashboard[id]") ?? document;
    const find = (key) => scope.querySelector(`form[data-dashboards-key="${key}"]`);
    return keys.map(find).filter(Boolean);
  }

  // Replaces the parameters of one component in a URL by those of the viewer's view.
  function withViewState(address, { dashboardsKey, dashboardsViewUrl }) {
    const url = new URL(address, location.href);
    const isOwn = (name) => name.startsWith(`${dashboardsKey}-`);
    for (const name of new Set(url.searchParams.keys())) {
      if (isOwn(name)) url.searchParams.delete(name);
    }
    for (const [name, value] of new URL(dashboardsViewUrl || "", location.origin).searchParams) {
      if (isOwn(name)) url.searchParams.append(name, value);
    }
    return url;
  }

  // Writes the view into the page's address, so that it can be linked and reloaded.
  function showInAddress(target) {
    const content = viewIn(target);
    if (!content) return;
    const page = withViewState(location.href, content.dataset);
    if (page.href !== location.href) history.replaceState(history.state, "", page);
  }

  // Shows or hides the message that a viewer's own request (sort, search, send) has failed.
  function showFailed(element, isFailed) {
    const sender = element.closest?.("form[data-dashboards-form], .dashboards-rows");
    const message = sender?.querySelector(":scope > .dashboards-failed");
    if (message) message.hidden = !isFailed;
  }

  // ---- Requests ----

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
      const tag = tags.get(element) ?? element.dataset.dashboardsEtag;
      if (tag) ctx.request.headers["If-None-Match"] = tag;
      // A request that no person started (a poll, a refresh) does not keep them signed in.
      if (!ctx.sourceEvent?.isTrusted) ctx.request.headers["Dashboards-Automatic"] = "true";
    },
    htmx_before_request(element, { ctx }) {
      ctx.dashboardsRequestedAt = performance.now();
      showFailed(element, false);
      // A box that loads itself keeps the viewer's view. The parameters are added here and not
      // earlier: while this request waited for another one, they may have sorted.
      const content = element === ctx.target && ctx.request.method === "GET" && viewIn(element);
      const filters = ctx.target instanceof Element ? filterFormsOf(ctx.target) : [];
      for (const { dataset } of content ? [...filters, content] : filters) {
        ctx.request.action = withViewState(ctx.request.action, dataset).href;
      }
    },
    htmx_response_error(element, { ctx }) {
      if (ctx.response.status !== 422) showFailed(element, true); // The answer shows a form's errors.
    },
    htmx_error: (element) => showFailed(element, true),
    htmx_after_request(element, { ctx }) {
      const tag = ctx.response.headers.get("ETag");
      if (tag && "dashboardsEtag" in element.dataset) tags.set(element, tag);
    },
    // What was computed before an update arrived must not overwrite it.
    htmx_before_swap(element, { ctx }) {
      if (ctx.dashboardsRequestedAt === undefined) return true;
      const shown = [ctx.target, ...ctx.target.querySelectorAll("[sse-swap]")];
      if (!shown.some((each) => arrivals.get(each) > ctx.dashboardsRequestedAt)) return true;
      // But another view that the viewer requested is shown, and then loaded once more.
      if (element === ctx.target || !ctx.target.contains(element)) return false;
      refresh(ctx.target);
      return true;
    },
    htmx_after_swap(element, { ctx }) {
      if (ctx.target instanceof Element) showInAddress(ctx.target);
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

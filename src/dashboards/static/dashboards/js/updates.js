// Updates: what an element does with an event of its stream.
//
// `sse-swap` names the event that an element shows, `sse-refresh` the event on which it loads its
// own value. htmx swaps.
(() => {
  "use strict";

  const { loadOnce, page, trust, views } = window.dashboards;

  const arrivals = new WeakMap(); // When an element last showed an update from its stream.

  // Returns true if an element has shown an update since a time of performance.now().
  const isUpdatedSince = (element, time) => arrivals.get(element) > time;

  const names = (target, attribute, event) =>
    target.getAttribute(attribute)?.split(",").some((name) => name.trim() === event);

  // Returns the event of a component that a part of its news belongs to.
  const keyOf = (event) => event.replace(/:(append|state)$/, "");

  // A frame is rendered once for all pages: its URLs begin with a placeholder.
  const insertPrefixes = (text) =>
    Object.entries(page.prefixes).reduce(
      (changed, [placeholder, prefix]) => changed.replaceAll(placeholder, () => prefix),
      text,
    );

  // A frame contains the structure of the release that rendered it, and the time of its value; points
  // of a series the time of the newest.
  const readMark = (text) => /^(?:<!--dashboards (\w+)\.\w+-->)?(?:<!--at ([\d.]+)-->)?/.exec(text);

  // A frame of another structure is not shown.
  const isOfThisRelease = ({ dataset: { dashboardsRelease: release } }, text) => {
    const [, renderedBy] = readMark(text);
    return !renderedBy || !release || renderedBy === release;
  };

  // Gives an event to each element below the one that opened the stream, but not to those below an
  // element with a stream of its own.
  function receive(element, event, data, clearsState) {
    if (window.dashboards.hold?.(element, event, data, clearsState)) return;
    const text = insertPrefixes(data);
    for (const target of [element, ...element.querySelectorAll("[sse-swap], [sse-refresh]")]) {
      if (target.closest("[sse-connect]") === element) update(target, event, text, clearsState);
    }
  }

  function update(target, event, text, clearsState) {
    const key = keyOf(event);
    if (names(target, "sse-refresh", event)) refresh(target);
    if (!names(target, "sse-swap", key) || !isOfThisRelease(target, text)) return;
    const isState = event.endsWith(":state");
    if (isState || clearsState) window.dashboards.showState?.(target, isState ? text : "");
    if (isState) return;
    arrivals.set(target, performance.now());
    target.dataset.dashboardsAt = readMark(text)[2] ?? page.now();
    // A listener that prevents this event shows the update itself: a chart, whose figure is JSON.
    // `message` is for listeners that were written for htmx's own extension.
    const message = { event, data: text };
    const isSwapped = htmx.trigger(target, "htmx:before:sse:message", { ...message, message });
    if (!isSwapped || message.cancelled) return;
    if (key !== event) return append(target, text);
    if (views.hasView(target)) return refresh(target);
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

  // Appends points of a series. Each has a number: a point that is there already (sent again after
  // a cut connection, or loaded meanwhile) is ignored, and the oldest above the maximum are
  // removed.
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
      const viewUrl = views.viewUrlOf(target);
      if (!viewUrl) return htmx.trigger(target, "dashboards:refresh", {}, false);
      htmx.ajax("GET", viewUrl, { target, source: target, swap: "innerMorph" });
    }, Math.random() * Number(target.dataset.dashboardsJitter || 0));
  }

  // ---- Pause: its script is loaded when its button is pressed for the first time ----

  addEventListener("click", async ({ target: button }) => {
    const { dashboardsPause: url } = button.dataset ?? {};
    if (!url) return;
    button.dataset.dashboardsPause = ""; // From now on the script listens.
    try {
      await loadOnce(url);
      button.click();
    } catch {
      button.dataset.dashboardsPause = url; // The next press tries again.
    }
  });

  window.dashboards = { ...window.dashboards, isUpdatedSince, keyOf, receive, refresh };
})();

// Pause: a button in the header holds the picture of its dashboard still. Its stream goes on: the
// newest event of each component is kept, and shown in their order when the viewer resumes.
(() => {
  "use strict";

  const HELD = "[data-dashboards-held]";
  const TIME = /^(?:<!--.*?-->)?/; // Of the newest point, before all of them.
  const kept = new Map(); // Events by name, by the element of a stream.
  const refused = new Set(); // Boxes whose own request was due meanwhile.

  const { keyOf, receive } = window.dashboards;

  const numberOf = (point) => /data-dashboards-point="(\d+)/.exec(point)?.[1];

  // Of points as many are kept as the chart shows: one a line. After a cut connection they may be
  // sent again.
  function join(element, key, before, points) {
    const target = element.querySelector(`[sse-swap="${CSS.escape(key)}"]`);
    const most = target?.dataset.dashboardsMaxPoints ?? Infinity;
    const [time] = TIME.exec(points);
    const texts = [before?.data ?? [], points].flat().map((text) => text.replace(TIME, ""));
    const lines = new Map(texts.join("\n").split("\n").map((line) => [numberOf(line), line]));
    return time + [...lines.values()].slice(-most).join("\n");
  }

  // Keeps an event for later; returns false if the picture is not held.
  function hold(element, event, data, clearsState) {
    const dashboard = element.closest(HELD);
    if (!dashboard) return false;
    for (const each of kept.keys()) if (!each.isConnected) kept.delete(each);
    if (!kept.has(element)) kept.set(element, new Map());
    const events = kept.get(element);
    const key = keyOf(event);
    let text = data;
    if (event.endsWith(":append")) text = join(element, key, events.get(event), data);
    // A value replaces what was kept of its component.
    else if (event === key) events.delete(`${key}:append`);
    if (clearsState) events.delete(`${key}:state`);
    events.delete(event);
    events.set(event, { data: text, clearsState });
    showCount(dashboard);
    return true;
  }

  const streamsIn = (dashboard) => [...kept].filter(([element]) => dashboard.contains(element));

  // Returns the names of all events that elements of a stream show.
  function shownIn(element) {
    const targets = [element, ...element.querySelectorAll("[sse-swap], [sse-refresh]")];
    const lists = targets.flatMap((each) =>
      ["sse-swap", "sse-refresh"].map((name) => each.getAttribute(name) ?? ""),
    );
    return new Set(lists.join().split(",").map((name) => name.trim()));
  }

  // A box counts once, however often its value has changed; a heartbeat is shown by none.
  function showCount(dashboard) {
    const boxes = streamsIn(dashboard).map(([element, events]) => {
      const shown = shownIn(element);
      return new Set([...events.keys()].map(keyOf).filter((key) => shown.has(key)));
    });
    const count = boxes.reduce((sum, { size }) => sum + size, 0);
    for (const each of dashboard.querySelectorAll("[data-dashboards-waiting]")) {
      each.textContent = count;
    }
  }

  addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-dashboards-pause]");
    const dashboard = button?.closest("[sse-connect]");
    if (!dashboard) return;
    const isHeld = !dashboard.matches(HELD);
    if (isHeld) dashboard.dataset.dashboardsHeld = "paused"; // The words of the title.
    else delete dashboard.dataset.dashboardsHeld;
    button.setAttribute("aria-pressed", isHeld);
    showCount(dashboard);
    if (isHeld) return;
    for (const box of refused) {
      if (box.isConnected && box.closest(HELD)) continue;
      refused.delete(box);
      const options = { target: box, source: box, swap: "innerMorph" };
      if (box.isConnected) htmx.ajax("GET", box.getAttribute("hx-get"), options);
    }
    for (const [element, events] of streamsIn(dashboard)) {
      kept.delete(element);
      for (const [event, { data, clearsState }] of events) {
        receive(element, event, data, clearsState);
      }
    }
  });

  htmx.registerExtension("dashboards-pause", {
    // A box that loads itself at an interval is held as well. What the viewer asks for is answered.
    htmx_before_request(element, { ctx }) {
      if (ctx.sourceEvent?.type !== "every" || !element.closest(HELD)) return true;
      refused.add(element);
      return false;
    },
  });

  window.dashboards = { ...window.dashboards, hold };
})();

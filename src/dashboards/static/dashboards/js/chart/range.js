// dashboards.timeRange: the range of time that all charts of a page show, and its place in the page's
// address: `?range=1h`, or `?from=…&to=…` in UTC. A page has one address, so several dashboards on it
// share the range; without one in the address each shows its own first range.
//
// A range that ends now moves on. Other scripts observe it: they are called after each change.
(() => {
  "use strict";

  const { times } = window.dashboards;

  const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }; // In seconds.
  const NAMES = ["range", "from", "to"]; // The same are in dashboard/time_range.py.
  const MIN_SPAN_MS = 1_000;
  const MIN_TICK_MS = 1_000;
  const MAX_TICK_MS = 60_000;
  const TICKS = 100; // How often a range moves on while its span passes.

  const observers = new Set();
  const frozen = new WeakMap(); // When a viewer has paused a dashboard.

  let chosen = read(location.search); // What the viewer chose: { name }, or { start, end }.
  let resets = 0; // How often the viewer has gone back to the first range.
  let address = location.href; // Of the page, before a step in its history.
  let isOnlyRange = false; // True if the last such step changed nothing but the range.
  let clockError; // How far the viewer's clock is behind the server's, in milliseconds.

  function durationOf(name) {
    const found = /^([1-9]\d{0,3})([smhdw])$/.exec(name);
    return found ? { count: Number(found[1]), unit: found[2] } : undefined;
  }

  // Returns the range that a query string names.
  function read(query) {
    const params = new URLSearchParams(query);
    const [start, end] = ["from", "to"].map((name) => {
      const text = params.get(name) ?? "";
      return /^\d{4}-.*(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
    });
    if (start < end) return { start, end };
    const name = params.get("range");
    return name === "all" || name === "today" || (name && durationOf(name)) ? { name } : undefined;
  }

  function withoutRange(address) {
    const url = new URL(address, location.href);
    for (const name of NAMES) url.searchParams.delete(name);
    return url;
  }

  // Returns an address with the range that the viewer chose, in place of another.
  function withRange(address) {
    const url = withoutRange(address);
    for (const [name, value] of parameters()) url.searchParams.set(name, value);
    url.search = url.search.replaceAll("%3A", ":"); // Times stay readable.
    return url.href;
  }

  function parameters() {
    if (!chosen) return [];
    if (chosen.name) return [["range", chosen.name]];
    const iso = (time) => new Date(time).toISOString().replace(".000Z", "Z");
    return [["from", iso(chosen.start)], ["to", iso(chosen.end)]];
  }

  // ---- The range of a dashboard ----

  const pickerOf = (element) =>
    element.closest(".dashboards-dashboard")?.querySelector(".dashboards-time-range");

  const pickers = () => [...document.querySelectorAll(".dashboards-time-range")];
  const firstOf = (picker) => picker.dataset.dashboardsRange;

  // Returns the range of a picker's dashboard: { name }, or { start, end }.
  const rangeOf = (picker) => chosen ?? { name: firstOf(picker) };

  // Returns true if the range was not only declared by the dashboard's author.
  const isChosen = () => chosen !== undefined;

  // Returns the start and end of what the charts of a picker's dashboard show, in milliseconds;
  // undefined if they show all.
  function windowOf(picker) {
    const range = rangeOf(picker);
    if (!range.name) return range;
    if (range.name === "all") return undefined;
    const end = nowOf(picker);
    return { start: Math.min(startOf(range.name, end), end - MIN_SPAN_MS), end };
  }

  function startOf(name, end) {
    if (name === "today") {
      const wall = times.toWall(end);
      return times.fromWall(wall - (wall % 86_400_000));
    }
    const { count, unit } = durationOf(name);
    return end - 1000 * count * UNITS[unit];
  }

  // Returns the server's time. It stands still while the dashboard is paused.
  function nowOf(picker) {
    const { dashboardsHeld } = picker.closest(".dashboards-dashboard").dataset;
    if (dashboardsHeld === undefined) frozen.delete(picker);
    else if (!frozen.has(picker)) frozen.set(picker, Date.now());
    clockError ??= readClockError(picker);
    return (frozen.get(picker) ?? Date.now()) + clockError;
  }

  // A page that the browser took from its cache was written at another time.
  function readClockError(picker) {
    const [page] = performance.getEntriesByType("navigation");
    const answeredAt = performance.timeOrigin + (page?.responseStart ?? 0);
    const error = 1000 * Number(picker.dataset.dashboardsNow) - answeredAt;
    return page?.transferSize && Math.abs(error) > 5_000 ? error : 0;
  }

  // ---- Changes ----

  // Shows a range: one that a viewer has chosen, or undefined for the first ones.
  function choose(range) {
    const isFirst = range?.name && pickers().every((each) => firstOf(each) === range.name);
    chosen = isFirst ? undefined : range;
    address = withRange(location.href);
    if (address !== location.href) history.pushState(history.state, "", address);
    notify();
  }

  // Shows the first ranges, and what viewers have zoomed on other axes as it was.
  function reset() {
    resets += 1;
    choose(undefined);
  }

  const notify = () => observers.forEach((observe) => observe());

  // Shows the range of an address that something else has changed.
  function readAddress() {
    address = location.href;
    const before = JSON.stringify(chosen);
    chosen = read(location.search);
    if (JSON.stringify(chosen) !== before) notify();
  }

  addEventListener("popstate", () => {
    isOnlyRange = withoutRange(address).href === withoutRange(location.href).href;
    readAddress();
  });

  // htmx would load the page again. It asks after `popstate`.
  document.addEventListener("htmx:before:history:restore", (event) => {
    if (isOnlyRange) event.preventDefault();
    isOnlyRange = false;
  });

  // A swap may replace the whole page, or a script writes into the address that a table is sorted.
  document.addEventListener("htmx:after:swap", () => setTimeout(readAddress));

  // Addresses that the server wrote contain the range that the page was loaded with.
  for (const type of ["click", "auxclick", "contextmenu"]) {
    addEventListener(type, ({ target }) => {
      const link = target.closest?.('.dashboards-dashboard a[href^="?"]');
      if (link) link.setAttribute("href", new URL(withRange(link.href)).search || "?");
    }, true);
  }

  addEventListener("submit", ({ target: form }) => {
    if (!form.matches(".dashboards-dashboard form.dashboards-filters")) return;
    for (const name of NAMES) {
      form.querySelectorAll(`:scope > input[type="hidden"][name="${name}"]`)
        .forEach((each) => each.remove());
    }
    for (const [name, value] of parameters()) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
  }, true);

  // ---- Moving on ----

  // Calls an observer with each picker whose range moves on while its dashboard is live, and after
  // how many milliseconds an axis should have moved.
  function followNow(observe) {
    setInterval(() => {
      if (document.hidden) return;
      for (const picker of pickers()) {
        const range = rangeOf(picker);
        const { dashboardsLive } = picker.closest(".dashboards-dashboard").dataset;
        if (!range.name || range.name === "all" || !dashboardsLive) continue;
        const { start, end } = windowOf(picker);
        observe(picker, Math.min(Math.max((end - start) / TICKS, MIN_TICK_MS), MAX_TICK_MS));
      }
    }, MIN_TICK_MS);
  }

  const timeRange = {
    choose,
    durationOf,
    followNow,
    isChosen,
    observe: (observer) => observers.add(observer),
    pickerOf,
    pickers,
    rangeOf,
    reset,
    resets: () => resets,
    windowOf,
  };
  window.dashboards = { ...window.dashboards, timeRange };
})();

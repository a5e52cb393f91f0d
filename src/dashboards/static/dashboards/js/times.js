// dashboards.times: the times of a chart, as the page's time zone has them, and gaps between them.
//
// A figure holds times with their offset from UTC: it is the same for every page. plotly.js would
// draw them as they are written, so they are written anew here. Times without an offset are taken
// to be in the page's zone already.
(() => {
  "use strict";

  const AWARE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)?(Z|[+-]\d\d:?\d\d)$/;
  const OF_DAY = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/;
  const QUARTER_MS = 900_000; // No zone changes its offset within a quarter of an hour.
  const MOST_INTERVALS = 3;

  // Django's active zone, as scripts.html says it.
  const page = zoneOf(document.currentScript.dataset.dashboardsTimezone);
  const viewer = zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone);

  function zoneOf(name) {
    try {
      const timeZone = name.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2"); // Django's fixed offsets.
      const fields = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
      const format = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", ...fields });
      return { name, format, offsets: new Map() };
    } catch {
      return undefined; // No name, or none that this browser knows.
    }
  }

  // How far a zone is ahead of UTC at a time, in milliseconds.
  function offset({ format, offsets }, time) {
    const quarter = Math.floor(time / QUARTER_MS);
    if (!offsets.has(quarter)) {
      const at = Object.fromEntries(format.formatToParts(quarter * QUARTER_MS).map(({ type, value }) => [type, Number(value)]));
      const local = Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second);
      if (offsets.size > 100_000) offsets.clear();
      offsets.set(quarter, local - quarter * QUARTER_MS);
    }
    return offsets.get(quarter);
  }

  function localTime(text) {
    const found = AWARE.exec(text);
    if (!found) return text;
    const [, date, clock, fraction = "", zone] = found;
    const time = Date.parse(`${date}T${clock}${zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2")}`);
    return Number.isNaN(time) ? text : new Date(time + offset(page, time)).toISOString().slice(0, 19) + fraction;
  }

  // Rewrites all times with an offset in a part of a figure.
  function localize(part) {
    if (!page) return part;
    if (typeof part === "string") return localTime(part);
    if (part === null || typeof part !== "object") return part;
    for (const [name, value] of Object.entries(part)) {
      if (typeof value === "string" ? AWARE.test(value) : value !== null && typeof value === "object" && name !== "geojson") {
        part[name] = localize(value);
      }
    }
    return part;
  }

  const isTime = (value) => typeof value === "string" && OF_DAY.test(value);

  // Says the zone on axes of times of day, where the viewer's clock shows another hour.
  function nameZone(traces, layout) {
    if (!page || !viewer) return;
    for (const trace of traces) {
      for (const letter of ["x", "y"]) {
        const last = Array.isArray(trace[letter]) && trace[letter].findLast(isTime);
        if (!last) continue;
        const time = Date.parse(`${last.replace(" ", "T").slice(0, 19)}Z`);
        if (Number.isNaN(time) || offset(page, time) === offset(viewer, time)) continue;
        const id = `${letter}axis${(trace[`${letter}axis`] ?? letter).slice(1)}`;
        const title = layout[id]?.title ?? {};
        if (title.text?.includes(page.name)) continue;
        const text = title.text ? `${title.text} (${page.name})` : page.name;
        layout[id] = { ...layout[id], title: { ...title, text } };
      }
    }
  }

  // Breaks lines over time where nothing was measured: where two neighbours are further apart than
  // three times the median of what lies between neighbours of that trace.
  function breakGaps(trace) {
    const { x, type = "scatter", mode = "lines", connectgaps, stackgroup } = trace;
    if (!["scatter", "scattergl"].includes(type) || !mode.includes("lines")) return trace;
    // A stacked trace is summed up with others at each time: a hole would be drawn as 0.
    if (connectgaps || stackgroup || !Array.isArray(x) || x.length < 3) return trace;
    if (!x.every((each) => typeof each === "string" && /^\d{4}-\d\d-\d\d/.test(each))) return trace;
    const times = x.map((each) => Date.parse(each.length > 10 ? `${each.replace(" ", "T").slice(0, 23)}Z` : each));
    const steps = times.slice(1).map((time, index) => time - times[index]);
    if (!steps.every((step) => step >= 0)) return trace; // Not in order: no line over time.
    const sorted = steps.filter(Boolean).sort((one, other) => one - other);
    const usual = sorted[Math.floor((sorted.length - 1) / 2)];
    const gaps = steps.flatMap((step, index) => (step > MOST_INTERVALS * usual ? [index + 1] : []));
    return gaps.length ? withHoles(trace, new Set(gaps), x.length) : trace;
  }

  // Whatever has an entry for each point gets an empty one before each of these.
  function withHoles(part, gaps, length) {
    const opened = { ...part };
    for (const [name, value] of Object.entries(part)) {
      if (name === "selectedpoints") continue;
      if (Array.isArray(value)) {
        if (value.length === length) opened[name] = value.flatMap((each, index) => (gaps.has(index) ? [null, each] : [each]));
      } else if (value !== null && typeof value === "object") opened[name] = withHoles(value, gaps, length);
    }
    return opened;
  }

  const times = { breakGaps, localize, nameZone };
  window.dashboards = { ...window.dashboards, times };
})();

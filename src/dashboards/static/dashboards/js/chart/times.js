// dashboards.times: converts a figure's times to the page's time zone, and breaks lines at gaps.
//
// A figure is the same for every page: its times have an offset from UTC. plotly.js draws the date
// and time of day as written and ignores the offset, so the times are rewritten here. Times without
// an offset are taken to be in the page's zone.
(() => {
  "use strict";

  const AWARE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)?(Z|[+-]\d\d:?\d\d)$/;
  const HAS_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/;
  const QUARTER_MS = 900_000; // No zone changes its offset within a quarter of an hour.
  const MAX_INTERVALS = 3; // A longer distance between two points is a gap.

  const page = zoneOf(window.dashboards.page.timezone); // Django's active zone.
  const viewer = zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone);

  function zoneOf(name) {
    try {
      const timeZone = name.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2"); // Django's fixed offsets.
      const units = ["year", "month", "day", "hour", "minute", "second"];
      const fields = Object.fromEntries(units.map((unit) => [unit, "numeric"]));
      const format = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", ...fields });
      return { name, format, offsets: new Map() };
    } catch {
      return undefined; // This browser does not know the name, or there is none.
    }
  }

  // Returns a zone's offset from UTC at a time, in milliseconds.
  function offset({ format, offsets }, time) {
    const quarter = Math.floor(time / QUARTER_MS);
    if (!offsets.has(quarter)) {
      const parts = format.formatToParts(quarter * QUARTER_MS);
      const at = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
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
    if (Number.isNaN(time)) return text;
    return new Date(time + offset(page, time)).toISOString().slice(0, 19) + fraction;
  }

  const isObject = (value) => value !== null && typeof value === "object";

  // Rewrites all times with an offset in a part of a figure, in place, and returns the part.
  function localize(part) {
    if (!page) return part;
    if (typeof part === "string") return localTime(part);
    if (!isObject(part)) return part;
    for (const [name, value] of Object.entries(part)) {
      if (typeof value === "string" ? AWARE.test(value) : isObject(value) && name !== "geojson") {
        part[name] = localize(value);
      }
    }
    return part;
  }

  const isTime = (value) => typeof value === "string" && HAS_TIME.test(value);

  // Adds the zone's name to the titles of axes with times of day, if the viewer's clock differs.
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

  // Breaks a line over time at gaps: where two neighbours are further apart than three times the
  // median distance of neighbours in the trace. Nothing was measured there.
  function breakGaps(trace) {
    const { x, type = "scatter", mode = "lines", connectgaps, stackgroup } = trace;
    if (!["scatter", "scattergl"].includes(type) || !mode.includes("lines")) return trace;
    // plotly.js adds stacked traces up at each time: it would draw a gap as 0.
    if (connectgaps || stackgroup || !Array.isArray(x) || x.length < 3) return trace;
    if (!x.every((each) => typeof each === "string" && /^\d{4}-\d\d-\d\d/.test(each))) return trace;
    const parse = (text) =>
      Date.parse(text.length > 10 ? `${text.replace(" ", "T").slice(0, 23)}Z` : text);
    const times = x.map(parse);
    const steps = times.slice(1).map((time, index) => time - times[index]);
    if (!steps.every((step) => step >= 0)) return trace; // Not in the order of time.
    const sorted = steps.filter(Boolean).sort((one, other) => one - other);
    const usual = sorted[Math.floor((sorted.length - 1) / 2)];
    const gaps = steps.flatMap((step, index) => (step > MAX_INTERVALS * usual ? [index + 1] : []));
    return gaps.length ? withHoles(trace, new Set(gaps), x.length) : trace;
  }

  // Returns a copy in which each list with one entry for each point has null before these indexes.
  function withHoles(part, gaps, length) {
    const copy = { ...part };
    for (const [name, value] of Object.entries(part)) {
      if (name === "selectedpoints") continue;
      if (Array.isArray(value)) {
        if (value.length !== length) continue;
        copy[name] = value.flatMap((each, at) => (gaps.has(at) ? [null, each] : [each]));
      } else if (isObject(value)) copy[name] = withHoles(value, gaps, length);
    }
    return copy;
  }

  const times = { breakGaps, localize, nameZone };
  window.dashboards = { ...window.dashboards, times };
})();

// dashboards.times: converts a figure's times to the page's time zone.
//
// A figure is the same for every page: its times have an offset from UTC. plotly.js draws the date
// and time of day as written and ignores the offset, so the times are rewritten here. Times without
// an offset are taken to be in the page's zone.
(() => {
  "use strict";

  const AWARE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)?(Z|[+-]\d\d:?\d\d)$/;
  const HAS_DATE = /^\d{4}-\d\d-\d\d/;
  const HAS_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/;
  const QUARTER_MS = 900_000; // No zone changes its offset within a quarter of an hour.

  const { timezone, timeZone } = window.dashboards.page;
  const page = zoneOf(timezone, timeZone); // Django's active zone.
  const viewer = zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone);

  function zoneOf(name, timeZone = name) {
    try {
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
      // Date.UTC() takes a year below 100 for one of the last century.
      const local = new Date(0).setUTCFullYear(at.year, at.month - 1, at.day) +
        1000 * (3600 * at.hour + 60 * at.minute + at.second);
      if (offsets.size > 100_000) offsets.clear();
      offsets.set(quarter, local - quarter * QUARTER_MS);
    }
    return offsets.get(quarter);
  }

  function localTime(text) {
    const found = AWARE.exec(text);
    if (!found) return text;
    const [, , , fraction = ""] = found;
    const time = parseAware(found);
    if (Number.isNaN(time)) return text;
    return new Date(time + offset(page, time)).toISOString().slice(0, 19) + fraction;
  }

  const parseAware = ([, date, clock, fraction = "", zone]) =>
    Date.parse(`${date}T${clock}${fraction.slice(0, 4)}${zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2")}`);

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

  const isDate = (value) => typeof value === "string" && HAS_DATE.test(value);
  const isTime = (value) => typeof value === "string" && HAS_TIME.test(value);

  // Adds the zone's name to the titles of axes with times of day, if the viewer's clock differs.
  function nameZone(traces, layout) {
    for (const trace of traces) {
      for (const letter of ["x", "y"]) {
        const last = Array.isArray(trace[letter]) && trace[letter].findLast(isTime);
        if (!last) continue;
        const time = timeOf(last);
        if (Number.isNaN(time) || !isForeign(time)) continue;
        const id = `${letter}axis${(trace[`${letter}axis`] ?? letter).slice(1)}`;
        const title = layout[id]?.title ?? {};
        if (title.text?.includes(page.name)) continue;
        const text = title.text ? `${title.text} (${page.name})` : page.name;
        layout[id] = { ...layout[id], title: { ...title, text } };
      }
    }
  }

  // Returns the time of a text in milliseconds, without an offset in the page's zone; else NaN.
  function timeOf(value) {
    if (!isDate(value)) return NaN;
    const found = AWARE.exec(value);
    return found ? parseAware(found) : fromWall(wallOf(value));
  }

  // Returns a date and time of day without an offset as milliseconds, as plotly.js counts them.
  function wallOf(text) {
    if (!isDate(text)) return NaN;
    return Date.parse(text.length > 10 ? `${text.replace(" ", "T").slice(0, 23)}Z` : text);
  }

  const toWall = (time) => (page ? time + offset(page, time) : time);

  function fromWall(wall) {
    if (!page || Number.isNaN(wall)) return wall;
    // The second step corrects the first within hours of a change of the offset.
    return wall - offset(page, wall - offset(page, wall));
  }

  // Returns true if the clock of the page's zone differs from that of the viewer at a time.
  const isForeign = (time) => page && viewer && offset(page, time) !== offset(viewer, time);

  const times = { fromWall, isDate, isForeign, isTime, localize, nameZone, timeOf, toWall, wallOf };
  window.dashboards = { ...window.dashboards, times };
})();

// dashboards.points: appends the points of a series to the traces of its figure.
//
// A point is a <script type="application/json"> beside the chart: a list with one member for each
// trace.
(() => {
  "use strict";

  const parsed = new WeakMap(); // The point in each element, so that each is parsed once.

  const grownTraces = new WeakSet(); // Those that got points.

  // plotly.py writes NumPy's arrays as base64 of one of these types.
  const arrayTypes = {
    i1: Int8Array,
    u1: Uint8Array,
    i2: Int16Array,
    u2: Uint16Array,
    i4: Int32Array,
    u4: Uint32Array,
    f4: Float32Array,
    f8: Float64Array,
  };

  // Returns a field of a trace as a list that can be appended to.
  function listOf(field) {
    if (Array.isArray(field)) return field;
    if (!field?.bdata || !arrayTypes[field.dtype]) return [];
    const bytes = Uint8Array.from(atob(field.bdata), (character) => character.charCodeAt(0));
    return Array.from(new arrayTypes[field.dtype](bytes.buffer));
  }

  // Returns the first known member of a list; undefined if there is none, or no list.
  const firstOf = (list) =>
    Array.isArray(list) ? list.find((each) => each !== null && each !== undefined) : undefined;

  // Returns a copy of a trace, or of a part of one, in which each list with one entry for each of its
  // points is changed. The indexes of selected points are no such list.
  function mapLists(part, length, change) {
    const copy = { ...part };
    for (const [name, value] of Object.entries(part)) {
      if (name === "selectedpoints") continue;
      const list = listOf(value);
      if (list.length === length) copy[name] = change(list);
      else if (value !== null && typeof value === "object" && !Array.isArray(value)) {
        copy[name] = mapLists(value, length, change);
      }
    }
    return copy;
  }

  // A damaged point is ignored.
  function parsePoint(text) {
    try {
      const point = JSON.parse(text);
      return Array.isArray(point) ? point : [];
    } catch {
      return [];
    }
  }

  // Appends the points in an element to traces, in place, and returns the traces.
  function appendPoints(traces, element) {
    const grown = new Map(); // The names of the fields that got points, by trace.
    for (const node of element.querySelectorAll(":scope > script[data-dashboards-point]")) {
      if (!parsed.has(node)) parsed.set(node, parsePoint(node.textContent));
      parsed.get(node).forEach((point, index) => {
        const trace = (traces[index] ??= { type: "scatter", mode: "lines" });
        if (!grown.has(trace)) grown.set(trace, new Set());
        grownTraces.add(trace);
        for (const [field, value] of Object.entries(point ?? {})) {
          if (!grown.get(trace).has(field)) trace[field] = listOf(trace[field]);
          grown.get(trace).add(field);
          trace[field].push(value);
        }
      });
    }
    // The figure's own points are the oldest, and are removed first.
    const maxPoints = Number(element.dataset.dashboardsMaxPoints || Infinity);
    for (const [trace, fields] of grown) {
      for (const field of fields) trace[field] = trace[field].slice(-maxPoints);
    }
    return traces;
  }

  const isGrown = (trace) => grownTraces.has(trace);

  const points = { appendPoints, firstOf, isGrown, listOf, mapLists };
  window.dashboards = { ...window.dashboards, points };
})();

// dashboards.rowsOf(box): the values that a box shows as rows and columns: those of a chart or map,
// of a sparkline, or of the table that it contains. Null if it has none.
(() => {
  "use strict";

  const { boxWords, points } = window.dashboards;

  // The fields of traces that have a column, in the order of the columns.
  const FIELDS = [
    ...["labels", "parents", "locations", "lat", "lon", "x", "y", "z", "r", "theta"],
    ...["open", "high", "low", "close", "values", "text"],
  ];
  // The names of some fields in a hover text.
  const IN_HOVER = { labels: "label", locations: "location", values: "value" };

  const DATE = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d|$)/;
  const isDate = (value) => typeof value === "string" && DATE.test(value);

  // Titles and names may contain the markup of plotly.js.
  const plain = (text) => String(text ?? "").replace(/<br\s*\/?>/g, " ").replace(/<[^>]*>/g, "");

  // ---- Charts ----

  // Returns the fields of a trace as lists. A grid of values has a point for each of its cells.
  function fieldsOf(trace) {
    const grid = gridOf(trace.z);
    const lists = grid ? listsOfGrid(grid, trace) : trace;
    const names = trace.orientation === "h" ? ["y", ...FIELDS.filter((name) => name !== "y")] : FIELDS;
    return new Map(
      names.map((name) => [name, points.listOf(lists[name])]).filter(([, list]) => list.length),
    );
  }

  function gridOf(z) {
    if (Array.isArray(z?.[0])) return z;
    if (!z?.shape) return null;
    const flat = points.listOf(z);
    const width = Number(String(z.shape).split(",")[1]);
    if (!width) return null;
    return Array.from({ length: flat.length / width }, (_, row) =>
      flat.slice(row * width, (row + 1) * width),
    );
  }

  function listsOfGrid(grid, trace) {
    const [xs, ys] = [points.listOf(trace.x), points.listOf(trace.y)];
    const cells = grid.flatMap((row, y) => row.map((z, x) => [xs[x] ?? x, ys[y] ?? y, z]));
    return { x: cells.map(([x]) => x), y: cells.map(([, y]) => y), z: cells.map(([, , z]) => z) };
  }

  function headOf(field, trace, layout) {
    const axis = layout[`${field}axis${(trace[`${field}axis`] ?? "").slice(1)}`];
    const title = plain(axis?.title?.text ?? axis?.title);
    if (title) return title;
    const hover = [trace.hovertemplate ?? ""].flat().join("<br>").split(/<br>|<extra>/);
    const named = hover.map((part) => /^([^=<]+)=%\{(\w+)/.exec(plain(part)));
    const label = named.find((found) => found?.[2] === (IN_HOVER[field] ?? field))?.[1];
    return label ?? boxWords[field === "y" ? "values" : field] ?? field;
  }

  // Returns a table with a column for each trace, if all have one value for each x; else null.
  function joinTraces(parts, layout) {
    const [first] = parts;
    const keysOf = ({ rows }) => rows.map(([key]) => key);
    const axesOf = ({ trace, fields }) => [fields, trace.xaxis, trace.yaxis].join();
    const isJoinable = (part) =>
      [...part.fields].sort().join() === "x,y" &&
      axesOf(part) === axesOf(first) &&
      new Set(keysOf(part)).size === part.rows.length;
    if (!parts.every(isJoinable)) return null;
    const joined = new Map();
    parts.forEach(({ rows }, index) => {
      for (const [key, value] of rows) {
        if (!joined.has(key)) joined.set(key, [key, ...parts.map(() => null)]);
        joined.get(key)[index + 1] = value;
      }
    });
    const head = headOf(first.fields[0], first.trace, layout);
    return { heads: [head, ...parts.map(({ name }) => name)], rows: [...joined.values()] };
  }

  // Returns a table in which each trace has rows of its own.
  function stackTraces(parts, layout) {
    const fields = FIELDS.filter((field) => parts.some((part) => part.fields.includes(field)));
    const order = parts.length === 1 ? parts[0].fields : fields;
    const rows = parts.flatMap((part) =>
      part.rows.map((row) => [
        part.name,
        ...order.map((field) => row[part.fields.indexOf(field)] ?? null),
      ]),
    );
    const heads = order.map((field) =>
      headOf(field, parts.find((part) => part.fields.includes(field)).trace, layout),
    );
    if (parts.length > 1) return { heads: [boxWords.series, ...heads], rows };
    const at = order.indexOf("y");
    if (heads[at] === boxWords.values) heads[at] = plain(parts[0]?.trace.name) || boxWords.values;
    return { heads, rows: rows.map((row) => row.slice(1)) };
  }

  // Returns the fields of a trace, and a row for each of its points.
  function partOf(trace, index) {
    const lists = fieldsOf(trace);
    const length = Math.max(0, ...Array.from(lists.values(), (list) => list.length));
    const rows = Array.from({ length }, (_, at) =>
      Array.from(lists.values(), (list) => list[at] ?? null),
    );
    // A gap in a line is a point without values.
    const isPoint = (row) => row.some((value) => value !== null);
    const name = plain(trace.name ?? index + 1);
    return { trace, name, fields: [...lists.keys()], rows: rows.filter(isPoint) };
  }

  function rowsOfChart(chart) {
    const { traces, layout } = chart.read(JSON.parse(chart.source.textContent));
    const parts = traces.map(partOf).filter(({ trace }) => trace.visible !== false);
    const joined = parts.length > 1 && joinTraces(parts, layout);
    const { heads, rows } = joined || stackTraces(parts, layout);
    // The column of times, if there is one.
    const newest = heads.findIndex((_, at) => {
      const values = rows.map((row) => row[at]).filter((value) => value !== null);
      return values.length > 0 && values.every(isDate);
    });
    if (heads[newest] === "x") heads[newest] = boxWords.time;
    return { heads, rows, newest };
  }

  // ---- Sparklines and tables ----

  // The newest value is the last one.
  function rowsOfSparkline(sparkline, box) {
    const values = JSON.parse(sparkline.dataset.dashboardsValues);
    const title = box.querySelector(":scope > .dashboards-component-title")?.textContent.trim();
    const rows = values.map((value, at) => [at + 1, value]);
    return { heads: [boxWords.number, title || boxWords.values], rows, newest: 0 };
  }

  function rowsOfTable(table) {
    const [head = [], ...rows] = Array.from(table.rows, ({ cells }) =>
      Array.from(cells, (cell) => cell.textContent.trim()),
    );
    return { heads: head, rows };
  }

  function rowsOf(box) {
    const chart = box.querySelector("dashboard-chart");
    if (chart?.source) return rowsOfChart(chart);
    const sparkline = box.querySelector("[data-dashboards-values]");
    if (sparkline) return rowsOfSparkline(sparkline, box);
    const table = box.querySelector(".dashboards-component-content .dashboards-table");
    return table ? rowsOfTable(table) : null;
  }

  window.dashboards = { ...window.dashboards, isDate, rowsOf };
})();

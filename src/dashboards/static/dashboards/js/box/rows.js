// dashboards.rowsOf(box): the values that a box shows as rows and columns: those of a chart or map,
// of a sparkline, or of the table that it contains. Null if it has none.
(() => {
  "use strict";

  const { boxWords: words, points } = window.dashboards;

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
    return label ?? words[field] ?? field;
  }

  // Returns a table with a column for each trace, if all have one value for each x; else null.
  function joinTraces(traces, layout) {
    const parts = traces.map((trace) => ({ trace, fields: fieldsOf(trace) }));
    const isJoinable = ({ fields }) => {
      const [keys] = fields.values();
      return [...fields.keys()].sort().join() === "x,y" && new Set(keys).size === keys.length;
    };
    const keyOf = ({ trace, fields }) => [[...fields.keys()][0], trace.xaxis, trace.yaxis].join();
    if (!parts.every(isJoinable) || new Set(parts.map(keyOf)).size > 1) return null;
    const rows = new Map();
    parts.forEach(({ fields }, index) => {
      const [keys, values] = fields.values();
      keys.forEach((key, at) => {
        if (!rows.has(key)) rows.set(key, [key, ...traces.map(() => null)]);
        rows.get(key)[index + 1] = values[at];
      });
    });
    const [key] = parts[0].fields.keys();
    const names = traces.map(({ name }, index) => plain(name ?? index + 1));
    return { heads: [headOf(key, traces[0], layout), ...names], rows: [...rows.values()] };
  }

  // Returns a table in which each trace has rows of its own.
  function stackTraces(traces, layout) {
    const parts = traces.map((trace) => ({ trace, fields: fieldsOf(trace) }));
    const names = [...new Set(parts.flatMap(({ fields }) => [...fields.keys()]))];
    const isNamed = traces.length > 1;
    const rows = parts.flatMap(({ trace, fields }, index) => {
      const length = Math.max(0, ...Array.from(fields.values(), (list) => list.length));
      return Array.from({ length }, (_, at) => [
        ...(isNamed ? [plain(trace.name ?? index + 1)] : []),
        ...names.map((name) => fields.get(name)?.[at] ?? null),
      ]);
    });
    const heads = names.map((name) => {
      const { trace } = parts.find(({ fields }) => fields.has(name));
      const head = headOf(name, trace, layout);
      return head === name && name === "y" && !isNamed ? plain(trace.name) || name : head;
    });
    return { heads: [...(isNamed ? [words.series] : []), ...heads], rows };
  }

  function rowsOfChart(chart) {
    const { traces, layout } = chart.read(JSON.parse(chart.source.textContent));
    const shown = traces.filter(({ visible }) => visible !== false);
    const table =
      (shown.length > 1 && joinTraces(shown, layout)) || stackTraces(shown, layout);
    // A gap in a line is a point without values.
    const isPoint = (row) => row.some((value, at) => value !== null && table.heads[at] !== words.series);
    const rows = table.rows.filter(isPoint);
    const time = table.heads.findIndex((_, at) => rows.some((row) => row[at] !== null) &&
      rows.every((row) => row[at] === null || isDate(row[at])));
    if (time >= 0 && ["x", "y"].includes(table.heads[time])) table.heads[time] = words.time;
    return { heads: table.heads, rows, newest: time };
  }

  // ---- Sparklines and tables ----

  // The newest value is the last one.
  function rowsOfSparkline(sparkline, box) {
    const values = JSON.parse(sparkline.dataset.dashboardsValues);
    const title = box.querySelector(":scope > .dashboards-component-title")?.textContent.trim();
    const rows = values.map((value, at) => [at + 1, value]);
    return { heads: [words.number, title || words.values], rows, newest: 0 };
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

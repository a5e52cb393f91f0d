// dashboards.tableOf(trace, layout, index): a trace's points as a table, which needs no plotly.js.
(() => {
  "use strict";

  const { listOf } = window.dashboards.points;
  const MAX_ROWS = 1000; // More than anybody reads.

  // The fields of traces that a table shows, in the order of its columns.
  const FIELDS = [
    ...["labels", "parents", "locations", "lat", "lon", "x", "y", "z", "r", "theta"],
    ...["open", "high", "low", "close", "values", "text"],
  ];

  function tableOf(trace, layout, index) {
    const columns = FIELDS.map((name) => [name, listOf(trace[name])]).filter(
      ([, values]) => values.length,
    );
    const table = document.createElement("table");
    table.className = "dashboards-table";
    table.createCaption().textContent = trace.name ?? `${index + 1}`;
    const headings = columns.map(([name]) => layout[`${name}axis`]?.title?.text ?? name);
    addRow(table.createTHead(), "th", headings);
    const length = Math.max(0, ...columns.map(([, values]) => values.length));
    const body = table.createTBody();
    for (let at = Math.max(0, length - MAX_ROWS); at < length; at += 1) {
      addRow(body, "td", columns.map(([, values]) => values[at]));
    }
    return table;
  }

  function addRow(section, tag, values) {
    const row = section.insertRow();
    for (const value of values) {
      const cell = document.createElement(tag);
      if (tag === "th") cell.scope = "col";
      if (typeof value === "number") cell.className = "dashboards-number";
      cell.textContent = value ?? "–";
      row.append(cell);
    }
  }

  window.dashboards = { ...window.dashboards, tableOf };
})();

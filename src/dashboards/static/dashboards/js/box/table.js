// dashboards.writeTable(host, data): writes rows into a table that its reader can sort.
//
// An update keeps the elements of rows that are still there, and so what is scrolled to.
(() => {
  "use strict";

  const { boxWords, isDate, page } = window.dashboards;
  const MAX_ROWS = 1000; // More than anybody reads.

  const sorts = new WeakMap(); // How the reader has sorted: { column, isDescending }, by host.
  const keys = new WeakMap(); // The values of each row's element, in JSON.

  function writeTable(host, data) {
    const { rows } = data;
    let table = host.querySelector(":scope > table");
    if (!table) {
      table = document.createElement("table");
      table.className = "dashboards-table";
      table.createTHead();
      table.createTBody();
      host.append(table, document.createElement("p"));
    }
    const sort = sorts.get(host) ?? defaultSort(data);
    writeHead(host, table, sort, data);
    const sorted = sort ? sortRows(rows, sort) : rows;
    writeRows(table.tBodies[0], sorted.slice(0, MAX_ROWS), formatsOf(host));
    const isCut = rows.length > MAX_ROWS;
    const sentence = boxWords.rest.replace("{shown}", MAX_ROWS).replace("{count}", rows.length);
    host.querySelector(":scope > p").textContent = isCut ? sentence : "";
  }

  // Times are shown with the newest first.
  const defaultSort = (data) =>
    data.newest >= 0 ? { column: data.newest, isDescending: true } : undefined;

  function writeHead(host, { tHead }, sort, data) {
    const { heads, rows } = data;
    const row = tHead.rows[0] ?? tHead.insertRow();
    if ([...row.cells].map((cell) => cell.textContent).join("\n") !== heads.join("\n")) {
      sorts.delete(host);
      row.replaceChildren(...heads.map(makeHead));
    }
    [...row.cells].forEach((cell, column) => {
      const isSorted = sort?.column === column;
      cell.classList.toggle("dashboards-number", typeof rows[0]?.[column] === "number");
      cell.ariaSort = isSorted ? (sort.isDescending ? "descending" : "ascending") : null;
      cell.firstElementChild.onclick = () => {
        sorts.set(host, { column, isDescending: isSorted && !sort.isDescending });
        writeTable(host, data);
      };
    });
  }

  function makeHead(text) {
    const cell = document.createElement("th");
    cell.scope = "col";
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "dashboards-rows-sort", textContent: text });
    cell.append(button);
    return cell;
  }

  const textOf = (value) => (isDate(value) ? value.replace(" ", "T") : String(value));

  // Rows without a value come last, in both directions.
  function sortRows(rows, { column, isDescending }) {
    const collator = new Intl.Collator(undefined, { numeric: true });
    const compare = (one, other) =>
      typeof one === "number" && typeof other === "number"
        ? one - other
        : collator.compare(textOf(one), textOf(other));
    return [...rows].sort(({ [column]: one }, { [column]: other }) => {
      if (one === null || other === null) return (one === null) - (other === null);
      return isDescending ? compare(other, one) : compare(one, other);
    });
  }

  function writeRows(body, rows, format) {
    const known = Map.groupBy([...body.rows], (row) => keys.get(row));
    const elements = rows.map((row) => {
      const key = JSON.stringify(row);
      return known.get(key)?.pop() ?? makeRow(row, key, format);
    });
    const kept = new Set(elements);
    for (const row of [...body.rows]) if (!kept.has(row)) row.remove();
    elements.forEach((row, at) => {
      if (body.rows[at] !== row) body.insertBefore(row, body.rows[at] ?? null);
    });
  }

  function makeRow(values, key, format) {
    const row = document.createElement("tr");
    keys.set(row, key);
    for (const value of values) {
      const cell = row.insertCell();
      if (typeof value === "number") cell.className = "dashboards-number";
      cell.textContent = format(value);
    }
    return row;
  }

  // Returns a function that writes a value in the page's language. Times are in its zone already.
  function formatsOf(host) {
    const language = page.languageOf(host);
    const latn = { numberingSystem: "latn" };
    // A whole number may be a year: it is not grouped. The CSV file has all digits.
    const digits = { maximumFractionDigits: 2, maximumSignificantDigits: 6 };
    const precision = { useGrouping: false, roundingPriority: "morePrecision" };
    const number = new Intl.NumberFormat(language, { ...latn, ...digits, ...precision });
    const power = new Intl.NumberFormat(language, { ...latn, ...digits, notation: "scientific" });
    const isReadable = (size) => size === 0 || (size >= 1e-9 && size < 1e15);
    const day = { ...latn, timeZone: "UTC", dateStyle: "medium" };
    const date = new Intl.DateTimeFormat(language, day);
    const time = new Intl.DateTimeFormat(language, { ...day, timeStyle: "medium" });
    return (value) => {
      if (value === null || value === undefined) return "–";
      if (typeof value === "number") {
        return (isReadable(Math.abs(value)) ? number : power).format(value);
      }
      if (!isDate(value)) return String(value);
      const at = Date.parse(value.length > 10 ? `${value.replace(" ", "T").slice(0, 23)}Z` : value);
      return Number.isNaN(at) ? value : (value.length > 10 ? time : date).format(at);
    };
  }

  window.dashboards = { ...window.dashboards, writeTable };
})();

// Files of a box that the browser makes itself: the values as CSV, and a chart as a picture.
//
// Nothing is sent anywhere. A link to a `blob:` address that is downloaded needs no permission of a
// content security policy.
(() => {
  "use strict";

  const { cutFills, isDate, rowsOf, titleOf } = window.dashboards;
  const SCALE = 2; // Pixels of a picture for one of the page.

  // The same rule as in component/table/export.py: a spreadsheet may take a text for a formula at
  // its start, and after each separator.
  const FORMULA = String.raw`(?=[\s\x00-\x1f\x85"\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠])`;
  const AT_START = new RegExp(`^${FORMULA}`);
  const WITHIN = new RegExp(String.raw`([;\t|\r\n\v\f\x1c-\x1e\x85\u2028\u2029])${FORMULA}`, "g");

  function disarm(text) {
    const isUnsafe = AT_START.test(text) || /^[\t\r\n]/.test(text);
    return (isUnsafe ? "'" : "") + text.replace(WITHIN, "$1'");
  }

  function csvCell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = disarm(isDate(value) ? value.replace("T", " ") : String(value));
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  // Downloads what the server has prepared, or else the rows that the box shows.
  function saveCsv(box) {
    const link = box.querySelector(".dashboards-rows-export");
    if (link) return link.click();
    const { heads, rows } = rowsOf(box);
    const lines = [heads, ...rows].map((row) => row.map(csvCell).join(","));
    // Excel recognises UTF-8 only by the first character.
    save(new Blob([`\ufeff${lines.join("\r\n")}\r\n`], { type: "text/csv" }), box, "csv");
  }

  function save(blob, box, extension) {
    const url = URL.createObjectURL(blob);
    const name = titleOf(box) || box.id;
    const link = document.createElement("a");
    Object.assign(link, { href: url, download: `${name}.${extension}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  // ---- Pictures ----

  // A policy that refuses images from `data:` makes no PNG: then the drawing itself is saved, as SVG.
  async function savePicture(box) {
    const chart = box.querySelector("dashboard-chart");
    const { plotly, surface } = chart;
    const { width, height } = surface._fullLayout;
    const background = chart.color("--dashboards-surface") ?? "white";
    const layout = { ...surface.layout, paper_bgcolor: background };
    const figure = { data: surface.data, layout };
    const hasCuts = surface.querySelector(".dashboards-chart-clip");
    const address = hasCuts
      ? `data:image/svg+xml,${encodeURIComponent(await drawCut(plotly, figure, { width, height }))}`
      : await plotly.toImage(figure, { format: "svg", width, height });
    const image = new Image();
    image.src = address;
    try {
      await image.decode();
    } catch {
      const svg = decodeURIComponent(address.slice(address.indexOf(",") + 1));
      return save(new Blob([svg], { type: "image/svg+xml" }), box, "svg");
    }
    const title = surface.layout.title?.text ? "" : titleOf(box);
    const canvas = drawOn(image, { width, height, title, background }, getComputedStyle(box));
    canvas.toBlob((blob) => save(blob, box, "png"));
  }

  // Returns the SVG of a figure with areas that are cut as on the page: plotly.js knows nothing of that.
  async function drawCut(plotly, { data, layout }, size) {
    const plot = document.createElement("div");
    Object.assign(plot.style, { position: "fixed", insetInlineStart: "100%" });
    document.body.append(plot);
    try {
      await plotly.newPlot(plot, data, { ...layout, ...size }, { staticPlot: true });
      cutFills(plot);
      return plotly.Snapshot.toSVG(plot, "svg");
    } finally {
      plotly.purge(plot);
      plot.remove();
    }
  }

  function drawOn(image, { width, height, title, background }, { color, fontFamily, direction }) {
    const [margin, head] = [12, title ? 36 : 0];
    const canvas = document.createElement("canvas");
    canvas.width = SCALE * (width + 2 * margin);
    canvas.height = SCALE * (height + head + 2 * margin);
    const context = canvas.getContext("2d");
    context.scale(SCALE, SCALE);
    context.fillStyle = background;
    context.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(context, { direction, fillStyle: color, font: `600 16px ${fontFamily}` });
    context.fillText(title, direction === "rtl" ? width + margin : margin, margin + 18, width);
    context.drawImage(image, margin, margin + head, width, height);
    return canvas;
  }

  window.dashboards = { ...window.dashboards, saveCsv, savePicture };
})();

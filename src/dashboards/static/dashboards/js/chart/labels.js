// dashboards.labels: names at the ends of lines where they fit; else a legend that leaves the plot
// most of the box.
(() => {
  "use strict";

  const { chartTheme, measures, points } = window.dashboards;
  const MAX_LINES = 6;
  const MAX_SHARE = 0.25; // Of the width, for labels or for a legend beside the plot.
  const ROW = 1.6; // Heights and gaps are in sizes of the font.
  const GAP = 0.5;
  const KEY = 4; // The width of the sign before a name in a legend.

  const canvas = document.createElement("canvas").getContext("2d");

  function fontOf(element) {
    const style = getComputedStyle(element);
    return { size: parseFloat(style.fontSize), family: style.fontFamily };
  }

  function widest(names, { size, family }) {
    canvas.font = `${size}px ${family}`;
    return Math.ceil(Math.max(0, ...names.map((name) => canvas.measureText(name).width)));
  }

  // Returns true for a named line over time or numbers, on the first pair of axes.
  function isLine({ type = "scatter", mode = "lines", x, xaxis = "x", yaxis = "y", ...trace }) {
    const start = points.firstOf(x) ?? 0; // Without x, plotly.js counts the points.
    return (
      ["scatter", "scattergl"].includes(type) &&
      mode.includes("lines") &&
      xaxis === "x" &&
      yaxis === "y" &&
      (typeof start === "number" || /^\d{4}-\d\d/.test(start)) &&
      !trace.stackgroup &&
      Boolean(trace.name) &&
      (trace.visible ?? true) === true &&
      trace.showlegend !== false
    );
  }

  // plotly.express gives each figure a legend with the first two.
  const OPEN = ["title", "tracegroupgap", "orientation"];

  const leavesLegendOpen = ({ showlegend, legend = {} }) =>
    showlegend === undefined && Object.keys(legend).every((name) => OPEN.includes(name));

  // Makes room for the names of a figure's traces. Called before it is drawn, with its size. Returns
  // the number of rows that a legend has above the plot.
  function reserve(element, traces, layout) {
    if (!leavesLegendOpen(layout)) return 0;
    const font = fontOf(element);
    const { width, height } = layout;
    const pies = traces.filter(({ type }) => type === "pie");
    const names = pies.length
      ? [...new Set(pies.flatMap(({ labels }) => labels ?? []))]
      : traces.map(({ name }, index) => name ?? `trace ${index}`);
    if (names.length < 2) return 0;
    const text = widest(names, font);
    const isFew = names.length <= Math.min(MAX_LINES, (height / font.size / ROW) * 0.6);
    const orientation = layout.legend?.orientation;
    const isFree =
      !orientation && layout.yaxis?.side !== "right" && !layout.updatemenus && !layout.sliders;
    if (isFree && isFew && text <= MAX_SHARE * width && traces.every(isLine)) {
      element.labels = names;
      layout.showlegend = false;
      const r = Math.ceil(text + GAP * font.size);
      layout.margin = { ...layout.margin, r: Math.max(r, layout.margin?.r ?? 0) };
      return 0;
    }
    const isBeside = isLegendBeside(names.length, text, font, layout);
    const place = isBeside ? BESIDE : above(names.length, text, font, layout);
    layout.legend = { ...place, ...layout.legend };
    const heading = layout.legend.title?.text;
    const space = width - (heading ? widest([heading], font) : 0);
    return isBeside ? 0 : Math.min(rowsOf(names.length, text, font.size, space), 2);
  }

  const BESIDE = { orientation: "v", x: 1.02, xanchor: "left", y: 1, yanchor: "top" };

  // Returns true for a legend beside the plot: where it has more than two rows, and the box is wide.
  function isLegendBeside(count, text, { size }, { width, legend }) {
    if (legend?.orientation) return legend.orientation === "v";
    return rowsOf(count, text, size, width) > 2 && text + KEY * size <= MAX_SHARE * width;
  }

  // Returns a legend above the plot: it has two rows and can be scrolled.
  const above = (count, text, { size }, { width, height }) =>
    rowsOf(count, text, size, width) > 2 ? { maxheight: Math.min(4 * size, 0.2 * height) } : {};

  const rowsOf = (count, text, size, width) =>
    Math.ceil(count / Math.max(1, Math.floor(width / (text + KEY * size))));

  // Makes the margin high enough for the title and the legend below it. plotly.js takes the higher
  // of the two, and cuts off all lines of the title but the last.
  function leaveRoom(element, rows, layout) {
    const { title, margin } = layout;
    if (!title?.text || title.y !== undefined) return;
    const { size } = fontOf(element);
    const titleSize = title.font?.size ?? 1.15 * size;
    const lines = [title.text, title.subtitle?.text].flatMap((each) => each?.split("<br>") ?? []);
    // plotly.js places the top of a single line, and the base line of the first of several.
    const t = GAP * size + (lines.length > 1 ? 0.75 * titleSize : 0);
    const height = 2 * GAP * size + 1.3 * titleSize * lines.length + ROW * size * rows;
    layout.margin = { ...margin, t: Math.max(Math.ceil(height), margin?.t ?? 0) };
    layout.title = { automargin: false, y: 1, yanchor: "top", pad: { t }, ...title };
  }

  // Places labels and bands in a plot that has been drawn, and whenever its axes have changed.
  async function place(element, plot) {
    const { plotly } = element;
    const { labels, own } = element;
    if (!plot._fullLayout?.xaxis || !own) return;
    const bands = measures.drawBands(element, plot, chartTheme.mix);
    const names = labelsOf(element, plot, labels);
    const annotations = [...own.annotations, ...bands.annotations, ...names];
    const shapes = [...own.shapes, ...bands.shapes];
    const text = JSON.stringify([annotations, shapes]);
    const isOwn = annotations.length + shapes.length === own.annotations.length + own.shapes.length;
    if (element.placed ? element.placed.text === text : isOwn) return;
    element.placed = { text, annotations, shapes };
    await plotly.relayout(plot, { annotations, shapes });
  }

  function labelsOf(element, plot, labels) {
    const { xaxis, yaxis } = plot._fullLayout;
    if (!labels.length || yaxis?.type !== "linear") return [];
    const font = fontOf(element);
    const height = yaxis._length;
    const ink = element.color("--dashboards-ink");
    const end = Math.max(...xaxis.range.map(xaxis.r2l));
    const ends = plot.calcdata.flatMap((drawn, index) => {
      const last = drawn.findLast(({ x, y }) => Number.isFinite(y) && x <= end);
      const y = last && yaxis.l2p(last.y);
      if (last === undefined || y < 0 || y > height) return [];
      const { color } = drawn[0].trace.line;
      // In steps, so that it is not drawn again for a movement that nobody sees.
      const place = (Math.round((100 * y) / height) * height) / 100;
      return [{ text: labels[index], y: place, color: chartTheme.mix(color, ink, 0.35) }];
    });
    ends.sort((one, other) => one.y - other.y);
    spread(ends, 1.2 * font.size, height);
    return ends.map(({ text, y, color }) => ({
      text,
      xref: "paper",
      x: 1,
      xanchor: "left",
      xshift: Math.round(GAP * font.size) - 1,
      yref: "y domain",
      y: Math.round(1e4 * (1 - y / height)) / 1e4,
      yanchor: "middle",
      showarrow: false,
      borderpad: 0,
      font: { color },
    }));
  }

  // Moves places apart that are closer than a distance: down, and up again from the lower end.
  function spread(places, distance, height) {
    let least = -Infinity;
    for (const place of places) {
      place.y = Math.max(place.y, least);
      least = place.y + distance;
    }
    let most = height;
    for (const place of places.toReversed()) {
      place.y = Math.min(place.y, most);
      most = place.y - distance;
    }
  }

  // Keeps the plot of the same lines where it is when the labels of its axis become shorter.
  function keepLeft(element, traces, layout) {
    const shown = JSON.stringify([layout.width, traces.map(({ type, name }) => [type, name])]);
    if (element.left?.shown !== shown) element.left = { shown, size: 0 };
    layout.margin = { ...layout.margin, l: Math.max(element.left.size, layout.margin?.l ?? 0) };
  }

  // Prepares a layout: room for the names, and what was placed when it was drawn before. A figure
  // with a template of its own keeps its margins and its legend.
  function prepare(element, traces, layout, isThemed) {
    element.own = { annotations: layout.annotations ?? [], shapes: layout.shapes ?? [] };
    element.labels = [];
    if (isThemed) {
      keepLeft(element, traces, layout);
      leaveRoom(element, reserve(element, traces, layout), layout);
    }
    measures.addUnit(element, traces, layout);
    const { placed } = element;
    if (placed) Object.assign(layout, { annotations: placed.annotations, shapes: placed.shapes });
  }

  async function finish(element, plot) {
    element.whenScaled ??= () => place(element, element.surface);
    element.listen(["plotly_relayout"], element.whenScaled);
    if (element.left) element.left.size = plot._fullLayout._size.l;
    await place(element, plot);
  }

  const labels = { finish, leavesLegendOpen, prepare };
  window.dashboards = { ...window.dashboards, labels };
})();

// dashboards.measures: what a chart's values are measured in: unit and prefix of the axis, and the
// bands that have a meaning, such as "too hot".
(() => {
  "use strict";

  const { points } = window.dashboards;

  const SPACE = "\u00a0"; // A line is not broken between a number and its unit.
  const LONG = 8; // Characters. A longer unit is written once, above the axis.
  const ROW = 1.5; // The height of that line, in sizes of the font.
  const PREFIXED = /^(bit|B|W|Wh|Hz|V|A|J|Pa|m|g|l)(\/|$)/; // These have prefixes: "12 MB/s".
  const MARGIN = 0.1; // What an axis shows of a band without an end, as a part of its start.
  const LEVELS = { good: "good", warning: "warning", critical: "alarm" };

  // plotly.js writes "12MB/s", and has no option for the space. It looks each label of an axis up
  // in `labelalias`, so this object has an entry for each label that needs one.
  const NARROW = /^([^\p{L}]*\d) ?(?=[A-Za-zµ])/u;
  const isNarrow = (label) => typeof label === "string" && NARROW.test(label);
  const space = (label) => label.replace(NARROW, `$1${SPACE}`);
  const spaced = new Proxy(
    {},
    {
      get: (none, label) => (isNarrow(label) ? space(label) : none[label]),
      getOwnPropertyDescriptor: (_, label) =>
        isNarrow(label) ? { value: space(label), configurable: true } : undefined,
    },
  );

  // Returns the declaration of an element: unit, prefix and bands.
  function declared(element) {
    return JSON.parse(element.dataset.dashboardsMeasure ?? "{}");
  }

  // Returns the letter of the axis with the values: "x" for bars that lie.
  const letterOf = (traces) => (traces.some((each) => each.orientation === "h") ? "x" : "y");

  function isNumber(field) {
    return Boolean(field?.bdata) || typeof points.firstOf(field) === "number";
  }

  const isLong = (unit) => unit?.length > LONG;

  // Returns the format of numbers at the pointer: in full, and with two digits after the point at
  // most, unless all are small; undefined if plotly.js decides.
  function formatOf(traces, letter, hasPrefix) {
    if (hasPrefix) return ".3~s";
    const fields = traces.map((trace) => trace[letter]);
    const isLarge = (value) => Math.abs(value) >= 1;
    const hasLarge = (field) => Array.isArray(field) && field.some(isLarge);
    return fields.some(hasLarge) ? ",.2~f" : undefined;
  }

  // Returns what an axis shows of a band: its ends, and a part of what is open.
  function endsOf({ start, end }) {
    if (start === null) return end === null ? [] : [end - MARGIN * Math.abs(end), end];
    return [start, end ?? start + MARGIN * Math.abs(start)];
  }

  // Adds unit and prefix to the axis of values, where the figure leaves them open.
  function addUnit(element, traces, layout) {
    const letter = letterOf(traces);
    if (!traces.length || !traces.every((trace) => isNumber(trace[letter]))) return;
    const { prefix, unit, bands = [] } = declared(element);
    const name = `${letter}axis`;
    const hasPrefix = PREFIXED.test(unit);
    const include = bands.flatMap(endsOf);
    const own = {
      ...(prefix && { tickprefix: `${prefix}${SPACE}` }),
      ...(unit && !isLong(unit) && { ticksuffix: `${SPACE}${unit}` }),
      ...(hasPrefix && { ticksuffix: unit, exponentformat: "SI", minexponent: 2 }),
      separatethousands: true,
      hoverformat: formatOf(traces, letter, hasPrefix),
      ...(include.length && { autorangeoptions: { include } }),
    };
    layout[name] = { ...own, labelalias: spaced, ...layout[name] };
    if (!isLong(unit)) return;
    const t = ROW * parseFloat(getComputedStyle(element).fontSize);
    layout.margin = { ...layout.margin, t: Math.max(t, layout.margin?.t ?? 0) };
    const value = `%{${letter}}${SPACE}${unit}`;
    const template = layout.hovermode?.startsWith?.(letter === "y" ? "x" : "y")
      ? value
      : `%{${letter === "y" ? "x" : "y"}}<br>${value}`;
    for (const trace of traces) trace.hovertemplate ??= template;
  }

  // Returns the annotation that names a long unit once: above the axis, where the box's title is.
  function drawUnit(element, { l }) {
    const { unit } = declared(element);
    if (!isLong(unit)) return [];
    const place = { xref: "paper", x: 0, xanchor: "left", xshift: -l, yref: "paper", y: 1 };
    return [{ ...place, yanchor: "bottom", text: unit, showarrow: false, borderpad: 0 }];
  }

  // Returns the shapes and annotations of the bands, for an axis as it is drawn. They are placed in
  // parts of the plot, because plotly.js would extend the axis to the end of a shape.
  function drawBands(element, plot, mix) {
    const { bands = [] } = declared(element);
    const letter = letterOf(plot.data ?? []);
    const axis = plot._fullLayout[`${letter}axis`];
    const shapes = [];
    const annotations = drawUnit(element, plot._fullLayout._size);
    if (!bands.length || axis?.type !== "linear") return { shapes, annotations };
    const [low, high] = axis.range;
    const part = (value) => Math.round((1e4 * (value - low)) / (high - low)) / 1e4;
    const inside = (place) => Math.min(Math.max(place, 0), 1);
    const across = letter === "y" ? "x" : "y";
    const refs = { [`${across}ref`]: `${across} domain`, [`${letter}ref`]: `${letter} domain` };
    for (const { start, end, level, text } of bands) {
      if (!LEVELS[level]) continue;
      const color = element.color(`--dashboards-${LEVELS[level]}`);
      const from = start === null ? 0 : part(start);
      const to = end === null ? 1 : part(end);
      if (inside(from) === inside(to)) continue;
      const place = { [`${across}0`]: 0, [`${across}1`]: 1, [`${letter}0`]: inside(from) };
      const area = { ...refs, ...place, [`${letter}1`]: inside(to), layer: "below" };
      shapes.push({ ...area, type: "rect", fillcolor: color, opacity: 0.1, line: { width: 0 } });
      // The line is where the band begins; that of a band from the bottom is where it ends.
      const edge = start === null ? to : from;
      if (edge > 0 && edge < 1) {
        const line = { color, width: 1, dash: "dash" };
        const ends = { [`${letter}0`]: edge, [`${letter}1`]: edge };
        shapes.push({ ...area, ...ends, type: "line", line, layer: "above" });
      }
      // It has no name where that would lie on another.
      const height = letter === "y" ? (inside(to) - inside(from)) * axis._length : Infinity;
      if (!text || height < 1.2 * parseFloat(getComputedStyle(element).fontSize)) continue;
      const font = { color: mix(color, element.color("--dashboards-ink"), 0.2) };
      annotations.push({
        ...refs,
        [across]: letter === "y" ? 0 : 1,
        [letter]: start === null ? inside(to) : inside(from),
        xanchor: "left",
        yanchor: letter === "y" && start !== null ? "bottom" : "top",
        showarrow: false,
        text,
        font,
      });
    }
    return { shapes, annotations };
  }

  const measures = { addUnit, drawBands };
  window.dashboards = { ...window.dashboards, measures };
})();

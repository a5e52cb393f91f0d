// dashboards.measures: what a chart's values are measured in: unit and prefix of the axis, and the
// bands that have a meaning, such as "too hot".
(() => {
  "use strict";

  const SPACE = "\u00a0"; // A line is not broken between a number and its unit.
  const LONG = 8; // Characters. A longer unit is written at one end of the axis only.
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
    const first = Array.isArray(field) && field.find((each) => each !== null && each !== undefined);
    return Boolean(field?.bdata) || typeof first === "number";
  }

  // Adds unit and prefix to the axis of values, where the figure leaves them open.
  function addUnit(element, traces, layout) {
    const letter = letterOf(traces);
    if (!traces.length || !traces.every((trace) => isNumber(trace[letter]))) return;
    const { prefix, unit, bands = [] } = declared(element);
    const ends = bands.flatMap(({ start, end }) => [start, end]);
    const include = ends.filter((each) => each !== null);
    layout[`${letter}axis`] = {
      ...(prefix && { tickprefix: `${prefix}${SPACE}` }),
      ...(unit && { ticksuffix: `${SPACE}${unit}` }),
      ...(unit?.length > LONG && { showticksuffix: "last" }),
      ...(include.length && { autorangeoptions: { include } }),
      labelalias: spaced,
      ...layout[`${letter}axis`],
    };
  }

  // Returns the shapes and annotations of the bands, for an axis as it is drawn. They are placed in
  // parts of the plot, because plotly.js would extend the axis to the end of a shape.
  function drawBands(element, plot, mix) {
    const { bands = [] } = declared(element);
    const letter = letterOf(plot.data ?? []);
    const axis = plot._fullLayout[`${letter}axis`];
    const shapes = [];
    const annotations = [];
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
        shapes.push({ ...area, [`${letter}0`]: edge, [`${letter}1`]: edge, type: "line", line });
      }
      if (!text) continue;
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

// dashboards.chartTheme: colours, fonts and ticks of a chart that its figure leaves open. They
// follow the page, light or dark.
(() => {
  "use strict";

  const { asRgb, points } = window.dashboards;

  // Returns plotly.js's template for an element that has color(), such as a Drawing. `ticks` is how
  // many ticks an axis has at most; undefined if plotly.js decides. `isBelow` is true if a legend is
  // below the plot.
  function template(element, isBelow, ticks) {
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const color = (name) => element.color(`--dashboards-${name}`);
    const grid = color("chart-grid");
    const muted = color("muted");
    const axis = {
      gridcolor: grid,
      gridwidth: Math.max(1, size / 16),
      linecolor: grid,
      ticks: "outside",
      ticklen: 7,
      tickcolor: "rgba(0,0,0,0)",
      zerolinecolor: grid,
      spikecolor: muted,
      spikethickness: 1,
      automargin: true,
      title: { standoff: Math.round(0.75 * size) }, // Without it, a title touches long labels.
    };
    const line = { width: Math.max(2, size / 6) };
    const border = mix(color("track"), color("muted"), 0.4);
    const lightest = mix(color("surface"), color("chart-1"), 0.2);
    const scale = [[0, lightest], [1, color("chart-1")]];
    const colors = Array.from({ length: 8 }, (_, i) => color(`chart-${i + 1}`));
    // Plotly.js writes the names of stacked bars from the last to the first.
    const legend = { orientation: "h", traceorder: "normal", x: 0, itemwidth: Math.max(30, 2.5 * size) };
    return {
      layout: {
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: style.fontFamily, size, color: muted ?? style.color },
        margin: { l: 0, r: 0, t: 8, b: 0 },
        colorway: colors.every(Boolean) ? colors : undefined,
        hoverlabel: {
          bgcolor: color("surface"),
          bordercolor: color("line"),
          font: { family: style.fontFamily, size, color: style.color },
        },
        title: {
          x: 0,
          xref: "paper",
          yref: "container",
          automargin: true,
          font: { size: 1.15 * size, color: style.color },
        },
        legend: isBelow
          ? { ...legend, y: -0.2 }
          : { ...legend, y: 1, yanchor: "bottom", title: { side: "left" } },
        colorscale: { sequential: scale, sequentialminus: scale },
        modebar: { bgcolor: "rgba(0,0,0,0)", color: muted, activecolor: color("accent") },
        xaxis: { ...axis, nticks: ticks },
        yaxis: axis,
        polar: {
          bgcolor: "rgba(0,0,0,0)",
          angularaxis: { gridcolor: grid, linecolor: grid },
          radialaxis: { gridcolor: grid, linecolor: grid },
        },
        coloraxis: { colorbar: { outlinewidth: 0, thickness: 12 } },
        geo: {
          bgcolor: "rgba(0,0,0,0)",
          landcolor: color("track"),
          lakecolor: color("surface"),
          oceancolor: color("page"),
          coastlinecolor: border,
          countrycolor: border,
          subunitcolor: border,
          showframe: false,
          showland: true,
        },
        // plotly.js's default style loads tiles from another server. A figure may name a style.
        map: { style: { version: 8, sources: {}, layers: [background(color("track"))] } },
      },
      data: {
        choropleth: [{ marker: { line: { color: color("surface"), width: 0.5 } } }],
        // On a wall lines are read from as far as the text.
        ...Object.fromEntries(["scatter", "scattergl"].map((type) => [type, [{ line }]])),
      },
    };
  }

  // Returns how many ticks an axis of dates has in a narrow box. plotly.js draws at least five: on
  // a phone their labels would overlap, or be turned and turned back as they change.
  function ticksFor(width, size, traces, { xaxis }) {
    // plotly.js counts pixels, whatever the size of type: on a wall its labels would overlap.
    if (size < 15 && width >= 37.5 * size) return undefined;
    const isDate = ({ x }) => /^\d{4}-\d\d/.test(points.firstOf(x));
    if (xaxis?.type ? xaxis.type !== "date" : !traces.some(isDate)) return undefined;
    return Math.max(2, Math.floor(width / size / 8));
  }

  const background = (color) => ({
    id: "background",
    type: "background",
    paint: { "background-color": color ?? "transparent" },
  });

  const partsOf = (color) => asRgb(color ?? "black").match(/[\d.]+/g).map(Number);

  // Returns a colour between two, in the form of computed styles: "rgb(0, 90, 200)".
  function mix(from, to, share) {
    const [a, b] = [partsOf(from), partsOf(to)];
    return `rgb(${[0, 1, 2].map((i) => Math.round(a[i] + share * (b[i] - a[i])))})`;
  }

  // The colours that plotly.express writes into traces if its caller chose none.
  const defaults = [
    ...["#636efa", "#ef553b", "#00cc96", "#ab63fa"],
    ...["#ffa15a", "#19d3f3", "#ff6692", "#b6e880"],
  ];

  // Replaces the colours of plotly.express by these, in place.
  function recolor(traces, colors) {
    for (const trace of traces) {
      for (const part of [trace.marker, trace.line]) {
        const index = defaults.indexOf(String(part?.color).toLowerCase());
        if (index >= 0) part.color = colors[index];
      }
    }
  }

  const chartTheme = { mix, recolor, template, ticksFor };
  window.dashboards = { ...window.dashboards, chartTheme };
})();

// dashboards.gaps: breaks lines over time where nothing was measured, and draws a point between two
// gaps as a dot. A line through a gap would show values that nobody has seen.
//
// Call it before times are rewritten for a zone: an hour that a clock shows twice has two times.
(() => {
  "use strict";

  const { points, times } = window.dashboards;
  const MAX_INTERVALS = 3; // A longer distance between two points is a gap.
  const DOT = 0.5; // Of the size of the font.
  const MARKED_POINTS = 20; // plotly.js marks the points of a shorter trace without a mode.

  const isLine = ({ type = "scatter", mode }) =>
    ["scatter", "scattergl"].includes(type) && (mode ?? "lines").includes("lines");

  const mayBreak = (trace) =>
    isLine(trace) && !trace.connectgaps && trace.stackgaps !== "interpolate";

  // Returns a trace with a break at each gap. One that is stacked has the indexes of the points after
  // its gaps, where fills.js cuts it: plotly.js would draw a break as 0.
  //
  // `seconds` is how often a value of a series is computed; 0 if that is not known. It is a lower
  // limit: a trace may get a point with every tenth value only.
  function breakGaps(trace, seconds = 0) {
    const { x } = trace;
    if (!mayBreak(trace) || !Array.isArray(x) || !x.some(times.isDate)) return trace;
    const known = x.flatMap((each, index) => {
      const time = times.timeOf(each);
      return Number.isNaN(time) ? [] : [{ index, time }];
    });
    const steps = known.slice(1).map(({ time }, index) => time - known[index].time);
    if (!steps.every((step) => step >= 0)) return trace; // Not in the order of time.
    const usual = usualStep(steps, 1000 * seconds);
    if (!usual) return trace;
    const gaps = steps.flatMap((step, at) =>
      step > MAX_INTERVALS * usual ? [known[at + 1].index] : [],
    );
    if (!gaps.length) return trace;
    if (trace.stackgroup) return { ...trace, dashboardsGaps: gaps };
    const isGap = new Set(gaps);
    return points.mapLists(trace, x.length, (list) =>
      list.flatMap((each, at) => (isGap.has(at) ? [null, each] : [each])),
    );
  }

  // Returns the distance of points that are measured one after the other, in milliseconds; 0 if
  // there is none. Sales happen at any time: that none happened is no gap in what was measured.
  function usualStep(steps, declared) {
    const sorted = steps.filter(Boolean).sort((one, other) => one - other);
    if (sorted.length < (declared ? 3 : 2)) return declared;
    const median = sorted[Math.floor((sorted.length - 1) / 2)];
    if (declared) return Math.max(declared, median);
    const isRegular = (step) => step > 0.5 * median && step < 1.5 * median;
    return 2 * sorted.filter(isRegular).length >= sorted.length ? median : 0;
  }

  const isMissing = (value) => value === null || value === undefined || Number.isNaN(value);

  // Returns a trace whose points without neighbours are dots: of a single point no line is drawn.
  function showDots(trace, fontSize) {
    const y = points.listOf(trace.y);
    const mode = trace.mode ?? (y.length < MARKED_POINTS ? "lines+markers" : "lines");
    if (!isLine(trace) || mode.includes("markers")) return trace;
    const x = Array.isArray(trace.x) ? trace.x : y;
    const isKnown = y.map((value, at) => !isMissing(value) && !isMissing(x[at]));
    const isOnly = isKnown.indexOf(true) === isKnown.lastIndexOf(true);
    const isAlone = (at) =>
      isKnown[at] && (isOnly || (mayBreak(trace) && !isKnown[at - 1] && !isKnown[at + 1]));
    const size = y.map((_, at) => (isAlone(at) ? DOT * fontSize : 0));
    if (!size.some(Boolean)) return trace;
    const marker = { ...trace.marker, size, line: { width: 0 } };
    return { ...trace, mode: `${mode}+markers`, marker };
  }

  // Returns a heatmap with empty columns at the ends of its gaps: plotly.js makes the cells beside a gap
  // as wide as that. The times are those that it draws.
  function emptyGaps(trace) {
    const { type, x, z } = trace;
    // So have its texts.
    const hasColumns = (grid) =>
      Array.isArray(grid) && grid.every((row) => Array.isArray(row) && row.length === x.length);
    if (type !== "heatmap" || !Array.isArray(x) || !hasColumns(z) || trace.connectgaps) return trace;
    const found = x.map(times.wallOf);
    const steps = found.slice(1).map((time, at) => time - found[at]);
    const usual = steps.every((step) => step > 0) && usualStep(steps, 0);
    if (!usual) return trace;
    const textOf = (time) => new Date(time).toISOString().slice(0, 23);
    const widen = (list, empty) =>
      list.flatMap((each, at) =>
        steps[at] > MAX_INTERVALS * usual
          ? [each, empty(found[at] + usual), empty(found[at + 1] - usual)]
          : [each],
      );
    const grids = Object.entries(trace).filter(([, value]) => hasColumns(value));
    const wide = grids.map(([name, grid]) => [name, grid.map((row) => widen(row, () => null))]);
    return { ...trace, ...Object.fromEntries(wide), x: widen(x, textOf) };
  }

  const gaps = { breakGaps, emptyGaps, showDots };
  window.dashboards = { ...window.dashboards, gaps };
})();

// dashboards.visiblePart(trace, shown): the points of a trace that are in the range that charts show,
// and their neighbours. plotly.js scales the other axis to all points that it gets: a peak of
// yesterday would flatten the last five minutes.
(() => {
  "use strict";

  const { points, times } = window.dashboards;

  // Traces whose points are drawn one by one. Others count them, or depend on other traces.
  const isPlain = ({ type = "scatter", stackgroup, selectedpoints, marker, x }) =>
    ["scatter", "scattergl", "bar"].includes(type) &&
    Array.isArray(x) &&
    !stackgroup &&
    !selectedpoints &&
    typeof marker?.color !== "object"; // A scale of colours is that of all points.

  function visiblePart(trace, { start, end }) {
    if (!isPlain(trace)) return trace;
    const [first, last] = [start, end].map(times.toWall);
    const found = trace.x.map(times.wallOf);
    const isInside = (time) => time >= first && time <= last;
    const isAround = (one, other) => one < first && other > last;
    const isKept = found.map(
      (time, at) =>
        [found[at - 1], time, found[at + 1]].some(isInside) ||
        isAround(time, found[at + 1]) ||
        isAround(found[at - 1], time),
    );
    if (isKept.every(Boolean)) return trace;
    // A trace without any point would not be drawn, nor its axes.
    if (!isKept.some(Boolean)) return { ...trace, x: [null], y: [null] };
    return points.mapLists(trace, isKept.length, (list) => list.filter((_, at) => isKept[at]));
  }

  window.dashboards = { ...window.dashboards, visiblePart };
})();

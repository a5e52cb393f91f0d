// dashboards.clipFills(chart): cuts areas to where their lines are. plotly.js breaks a line at a gap,
// but fills the area below it through the gap; stacked lines it does not even break.
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const FILLS = ["tozeroy", "tonexty"];

  // Returns the first and the last x of each part of a line, in pixels.
  function partsOf(drawn, axis) {
    const starts = drawn[0].trace._input.dashboardsGaps ?? [];
    const parts = [];
    let isBroken = true;
    for (const { x, y, i, gap } of drawn) {
      if (gap) continue; // A time of another trace of the stack.
      const isMissing = x === undefined || y === undefined;
      if (!isMissing) {
        const at = axis.c2p(x);
        if (isBroken || starts.includes(i)) parts.push([at, at]);
        else parts.at(-1)[1] = at;
      }
      isBroken = isMissing;
    }
    return parts;
  }

  // Returns what is cut: the area, which belongs to the trace below if it ends there, and a stacked
  // line.
  function elementsOf(plot, { stackgroup, uid, _ownFill, _prevtrace }) {
    const area = (_ownFill ?? _prevtrace?._nextFill)?.node();
    const line = `.scatterlayer .trace${CSS.escape(uid)} > .lines`;
    return [area, stackgroup && plot.querySelector(line)].filter(Boolean);
  }

  function cutFills(plot) {
    plot.querySelectorAll(".dashboards-chart-clip").forEach((each) => each.remove());
    for (const drawn of plot.calcdata) {
      const { trace } = drawn[0];
      if (!FILLS.includes(trace.fill) || trace.connectgaps) continue;
      const elements = elementsOf(plot, trace);
      const axis = plot._fullLayout[`xaxis${trace.xaxis.slice(1)}`];
      const parts = elements.length ? partsOf(drawn, axis) : [];
      for (const each of elements) each.removeAttribute("clip-path");
      if (parts.length < 2) continue;
      const path = document.createElementNS(SVG, "clipPath");
      path.id = `dashboards-fill-${trace.uid}`;
      path.setAttribute("class", "dashboards-chart-clip");
      for (const [start, end] of parts) {
        const box = path.appendChild(document.createElementNS(SVG, "rect"));
        const [left, right] = [start, end].sort((one, other) => one - other);
        box.setAttribute("x", left);
        box.setAttribute("width", Math.max(right - left, 1)); // Of a single point, a stroke.
        box.setAttribute("height", plot._fullLayout.height);
      }
      plot.querySelector(".main-svg").append(path);
      for (const each of elements) each.setAttribute("clip-path", `url(#${path.id})`);
    }
  }

  // Cuts the areas of a chart that was drawn, and again when its axes have moved.
  function clipFills(chart) {
    const { surface } = chart;
    chart.whenMoved ??= () => cutFills(surface);
    const hasFills = surface._fullData.some(({ fill }) => FILLS.includes(fill));
    chart.listen(["plotly_relayout", "plotly_afterplot"], chart.whenMoved, hasFills);
    cutFills(surface);
  }

  window.dashboards = { ...window.dashboards, clipFills, cutFills };
})();

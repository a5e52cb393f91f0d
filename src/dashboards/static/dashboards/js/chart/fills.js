// dashboards.clipFills(chart): cuts the area of a line to where the line is. plotly.js breaks a line at
// a gap, but fills the area below it through the gap.
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const FILLS = ["tozeroy", "tonexty"];

  // Returns the first and the last x of each part of a line, in pixels.
  function partsOf(drawn, axis) {
    const parts = [];
    let isBroken = true;
    for (const { x, y } of drawn) {
      const isMissing = x === undefined || y === undefined;
      if (!isMissing) {
        const at = axis.c2p(x);
        if (isBroken) parts.push([at, at]);
        else parts.at(-1)[1] = at;
      }
      isBroken = isMissing;
    }
    return parts;
  }

  function clip(plot) {
    plot.querySelectorAll(".dashboards-chart-clip").forEach((each) => each.remove());
    for (const drawn of plot.calcdata) {
      const { trace } = drawn[0];
      if (!FILLS.includes(trace.fill) || trace.stackgroup || trace.connectgaps) continue;
      const fills = plot.querySelector(`.scatterlayer .trace${CSS.escape(trace.uid)} > .fills`);
      const axis = plot._fullLayout[`xaxis${trace.xaxis.slice(1)}`];
      const parts = fills ? partsOf(drawn, axis) : [];
      fills?.removeAttribute("clip-path");
      if (parts.length < 2) continue;
      const path = document.createElementNS(SVG, "clipPath");
      path.id = `dashboards-fill-${trace.uid}`;
      path.setAttribute("class", "dashboards-chart-clip");
      for (const [start, end] of parts) {
        const box = path.appendChild(document.createElementNS(SVG, "rect"));
        const [left, right] = [start, end].sort((one, other) => one - other);
        box.setAttribute("x", left);
        box.setAttribute("width", right - left);
        box.setAttribute("height", plot._fullLayout.height);
      }
      plot.querySelector(".main-svg").append(path);
      fills.setAttribute("clip-path", `url(#${path.id})`);
    }
  }

  // Cuts the areas of a chart that was drawn, and again when its axes have moved.
  function clipFills(chart) {
    const { surface } = chart;
    chart.whenMoved ??= () => clip(surface);
    const hasFills = surface._fullData.some(({ fill }) => FILLS.includes(fill));
    chart.listen(["plotly_relayout", "plotly_afterplot"], chart.whenMoved, hasFills);
    clip(surface);
  }

  window.dashboards = { ...window.dashboards, clipFills };
})();

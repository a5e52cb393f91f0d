// dashboards.webgl: charts where WebGL cannot be used. A browser may have none, and a policy without
// 'unsafe-eval' refuses the code that plotly.js generates for it. plotly.js then draws a message in
// place of the chart, with a link to another site.
(() => {
  "use strict";

  // plotly.express draws more than a thousand points with WebGL, whether a project wants it or not.
  const AS_SVG = { scattergl: "scatter", scatterpolargl: "scatterpolar" };
  let isMissing = false;

  const isRefused = (plot) => plot.querySelector(".no-webgl") !== null;

  const asSvg = (trace) => ({ ...trace, type: AS_SVG[trace.type] ?? trace.type });

  // Draws a figure, without WebGL if there is none. Throws if one of its traces needs it.
  async function react(plotly, plot, figure) {
    const data = isMissing ? figure.data.map(asSvg) : figure.data;
    await plotly.react(plot, { ...figure, data });
    if (!isRefused(plot)) return;
    plotly.purge(plot);
    isMissing = true;
    if (data !== figure.data) {
      throw new Error("The figure needs WebGL, which the browser or the page's policy refuses.");
    }
    await react(plotly, plot, figure);
  }

  const webgl = { react };
  window.dashboards = { ...window.dashboards, webgl };
})();

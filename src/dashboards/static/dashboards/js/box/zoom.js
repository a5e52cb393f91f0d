// dashboards.zoom: tells if the viewer has zoomed or moved a chart, and undoes that.
(() => {
  "use strict";

  const { timeRange } = window.dashboards;

  const PLACES = /\b(range|autorange|scale|rotation|center|zoom|bearing|pitch|camera)\b/;

  // Returns where the chart looked before the viewer changed it, by the names of plotly.js; it keeps
  // these to tell a viewer's changes from those of a figure. Empty if they have changed nothing.
  function placesBefore({ surface }) {
    const kept = surface?._fullLayout?._preGUI ?? {};
    const places = Object.entries(kept).flatMap(([name, before]) => {
      if (!PLACES.test(name)) return [];
      // An axis without a range of its own shows all points.
      const isAuto = (kept[name.replace(/autorange$|range\[1\]$/, "range[0]")] ?? null) === null;
      if (name.endsWith(".autorange")) return isAuto ? [[name, true]] : [];
      return /\.range\b/.test(name) && isAuto ? [] : [[name, before]];
    });
    const isChanged = ([name, before]) => {
      const now = valueAt(surface.layout, name) ?? null;
      return name.endsWith(".autorange") ? now === false : JSON.stringify(now) !== JSON.stringify(before);
    };
    return places.some(isChanged) ? Object.fromEntries(places) : {};
  }

  const valueAt = (layout, name) =>
    name.match(/[^.[\]]+/g).reduce((part, key) => part?.[key], layout);

  // Charts that share their time have its range in the address.
  function isZoomed(chart) {
    if (chart.shared && timeRange.isChosen()) return true;
    const isOwn = (name) => !chart.shared?.axes.includes(name.split(".")[0]);
    return Object.keys(placesBefore(chart)).some(isOwn);
  }

  function resetZoom(chart) {
    if (chart.shared) timeRange.reset();
    else chart.plotly.relayout(chart.surface, placesBefore(chart));
  }

  const zoom = { isZoomed, resetZoom };
  window.dashboards = { ...window.dashboards, zoom };
})();

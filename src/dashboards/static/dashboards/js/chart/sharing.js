// dashboards.sharing: the charts that show the range of time of their page. Their axes of time follow
// it, and a zoom in one of them becomes the range of all.
(() => {
  "use strict";

  const { showPicker, timeRange, times, visiblePart } = window.dashboards;

  // Traces with x in a scene of their own.
  const HAS_SCENE = /3d$|^(surface|cone|streamtube|volume|isosurface)$/;
  const MIDNIGHT = /[T ]00:00(:00(\.0*)?)?$/;
  const HOVER_PIXELS = 40; // The distance of points may be more than the 20 of plotly.js.
  const SECONDS_MATTER_MS = 120_000; // Ends of longer ranges are whole seconds in the address.

  const charts = new Set();
  let revision = 0;

  const hasTimeOfDay = (value) => times.isTime(value) && !MIDNIGHT.test(value);

  const axisOf = ({ xaxis = "x" }) => `xaxis${xaxis.slice(1)}`;

  // Returns the names of a chart's axes of time, such as "xaxis". Axes with dates that have no time of
  // day, such as days or months, are not among them unless the author says so.
  function axesOf(chart, traces, layout) {
    const declared = chart.dataset.dashboardsSharedTime;
    if (declared === "false") return [];
    const values = new Map(); // The lists of x of each axis.
    for (const { type = "scatter", x, xaxis = "x" } of traces) {
      const name = axisOf({ xaxis });
      if (HAS_SCENE.test(type) || (layout[name]?.type ?? "date") !== "date") continue;
      values.set(name, [...(values.get(name) ?? []), Array.isArray(x) ? x : []]);
    }
    const isShared = ([name, lists]) => {
      const has = (test) => lists.some((list) => list.some(test));
      if (has(hasTimeOfDay)) return true;
      return has(times.isDate) ? declared === "true" : layout[name]?.type === "date";
    };
    return [...values].filter(isShared).map(([name]) => name);
  }

  // Shows the picker before plotly.js has loaded.
  function announce(chart, { traces, layout }) {
    const picker = timeRange.pickerOf(chart);
    if (picker && axesOf(chart, traces, layout).length) showPicker(picker);
  }

  // Gives the axes of time the range, and the traces its points, in place, before it is drawn.
  function share(chart, traces, layout) {
    const picker = timeRange.pickerOf(chart);
    const axes = picker ? axesOf(chart, traces, layout) : [];
    if (!axes.length) {
      charts.delete(chart);
      chart.shared = undefined;
      return;
    }
    charts.add(chart);
    showPicker(picker);
    const shown = timeRange.windowOf(picker);
    chart.shared = { picker, axes, moving: [], movedAt: performance.now() };
    layout.hoverdistance ??= HOVER_PIXELS;
    // Templates have another mode, which nobody has chosen for this chart.
    layout.hovermode ??= "x unified";
    for (const name of axes) {
      // With another revision plotly.js forgets what the viewer has zoomed: the range has it.
      revision += 1;
      const axis = (layout[name] = { type: "date", ...layout[name], uirevision: revision });
      // An author's range stays until the viewer chooses one.
      if (!shown || (axis.range && !timeRange.isChosen())) continue;
      Object.assign(axis, { range: textsOf(shown), autorange: false });
      chart.shared.moving.push(name);
      // A slider below the axis shows all points.
      if (axis.rangeslider) continue;
      traces.forEach((trace, at) => {
        if (axisOf(trace) === name) traces[at] = visiblePart(trace, shown);
      });
    }
    for (const { yaxis = "y" } of traces) {
      const name = `yaxis${yaxis.slice(1)}`;
      layout[name] = { ...layout[name], uirevision: timeRange.resets() };
    }
  }

  const textsOf = ({ start, end }) =>
    [start, end].map((time) => new Date(times.toWall(time)).toISOString().slice(0, 23));

  // Listens to a chart that was drawn.
  function listen(chart) {
    chart.whenZoomed ??= (changes) => zoom(chart, changes);
    const isShared = chart.shared !== undefined;
    chart.listen(["plotly_relayout", "plotly_doubleclick"], chart.whenZoomed, isShared);
  }

  // Takes over what the viewer has zoomed; without changes, after a double click, all goes back.
  function zoom({ shared }, changes) {
    if (!shared) return;
    if (!changes) return timeRange.reset();
    for (const name of shared.axes) {
      if (changes[`${name}.autorange`] === true) return timeRange.choose({ name: "all" });
      const ends = changes[`${name}.range`] ?? [0, 1].map((at) => changes[`${name}.range[${at}]`]);
      const [start, end] = ends.map((text) => times.timeOf(String(text)));
      if (!(start < end)) continue;
      if (shared.isMoving) return;
      const unit = end - start > SECONDS_MATTER_MS ? 1000 : 1;
      const round = (time) => unit * Math.round(time / unit);
      return timeRange.choose({ start: round(start), end: round(end) });
    }
  }

  timeRange.observe(() => charts.forEach((each) => each.schedule()));

  const isOnScreen = ({ top, bottom, width }) => width && bottom > 0 && top < innerHeight;

  // The axes move on between two updates, too.
  timeRange.followNow(async (picker, tick) => {
    for (const chart of charts) {
      if (!chart.isConnected) charts.delete(chart);
      const { shared, surface } = chart;
      if (shared?.picker !== picker || !shared.moving.length) continue;
      if (performance.now() - shared.movedAt < tick) continue;
      if (!chart.isConnected || !isOnScreen(chart.getBoundingClientRect())) continue;
      const range = textsOf(timeRange.windowOf(picker));
      shared.movedAt = performance.now();
      shared.isMoving = true;
      await chart.plotly.relayout(
        surface,
        Object.fromEntries(shared.moving.map((name) => [`${name}.range`, range])),
      );
      shared.isMoving = false;
    }
  });

  const sharing = { announce, charts, listen, share };
  window.dashboards = { ...window.dashboards, sharing };
})();

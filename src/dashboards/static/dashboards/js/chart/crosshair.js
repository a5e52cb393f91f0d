// dashboards.crosshair: a vertical line and the values at one time, in all charts that share their
// time. It follows the mouse, a finger, or the arrow keys while a chart has the focus.
//
// Times are those that charts draw: milliseconds without a zone, which is the same in all of them.
(() => {
  "use strict";

  const { page, points, sharing, times } = window.dashboards;
  const KEYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10 };

  let shown; // { time, source }: the source shows the values itself. Undefined if there is no line.
  let frame;

  // Returns the time below a pointer; undefined outside of the axes.
  function timeAt(chart, { clientX, clientY }) {
    const { surface, shared } = chart;
    const box = surface.getBoundingClientRect();
    const scale = box.width / surface.offsetWidth;
    const [x, y] = [(clientX - box.left) / scale, (clientY - box.top) / scale];
    const { _size: size } = surface._fullLayout;
    if (y < size.t || y > size.t + size.h) return undefined;
    for (const axis of shared.axes.map((name) => surface._fullLayout[name])) {
      const at = x - axis._offset;
      if (at >= 0 && at <= axis._length) return axis.p2l(at);
    }
    return undefined;
  }

  function show(time, source) {
    shown = time === undefined ? undefined : { time, source };
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      sharing.charts.forEach(update);
    });
  }

  // Draws the line of one chart, and the values at it.
  function update(chart) {
    const { plotly, shared, surface } = chart;
    const line = surface?.querySelector(":scope > .dashboards-crosshair");
    if (!line || !shared || !surface._fullLayout) return;
    const axis = surface._fullLayout[shared.axes[0]];
    const at = shown && axis.l2p(shown.time);
    const isInside = at >= 0 && at <= axis._length;
    line.firstElementChild.hidden = !isInside;
    if (isInside) line.firstElementChild.style.left = `${at}px`;
    if (shown?.source === chart) return;
    if (isInside) plotly.Fx.hover(surface, { xval: snap(chart, shown.time) }, subplotsOf(chart));
    else if (surface._hoverdata) plotly.Fx.unhover(surface);
  }

  // Returns the time of the point nearest to a time that lies on a line between two points; the time
  // itself if there is no such line. plotly.js looks for points within some pixels of it.
  function snap({ shared, surface }, time) {
    let nearest = time;
    const distance = (each) => (each === time ? Infinity : Math.abs(each - time));
    for (const drawn of surface.calcdata) {
      const { trace } = drawn[0];
      if (trace.visible !== true || !shared.axes.includes(`xaxis${trace.xaxis?.slice(1)}`)) continue;
      const after = drawn.findIndex(({ x }) => x >= time);
      for (const { x, y } of [drawn[after - 1] ?? {}, drawn[after] ?? {}]) {
        if (x === time) return time;
        const isOnLine = isKnown(drawn[after - 1]?.y) && isKnown(y);
        if (isOnLine && distance(x) < distance(nearest)) nearest = x;
      }
    }
    return nearest;
  }

  function subplotsOf({ shared, surface }) {
    const plots = Object.entries(surface._fullLayout._plots);
    return plots.flatMap(([name, { xaxis }]) => (shared.axes.includes(xaxis._name) ? [name] : []));
  }

  // ---- Mouse and touch ----

  const chartOf = (target) => {
    const chart = target.closest?.("dashboard-chart");
    return chart && sharing.charts.has(chart) ? chart : undefined;
  };

  for (const type of ["pointermove", "pointerdown"]) {
    document.addEventListener(type, (event) => {
      const chart = chartOf(event.target);
      if (!chart) {
        if (shown && (type === "pointerdown" || event.pointerType === "mouse")) show(undefined);
        return;
      }
      const isMouse = event.pointerType === "mouse";
      show(timeAt(chart, event), isMouse && chart);
    });
  }
  document.documentElement.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType === "mouse") show(undefined);
  });

  // ---- Keyboard ----

  // Returns the times of a chart's points that it shows, each once and in order.
  function timesOf({ shared, surface }) {
    const all = new Set();
    for (const trace of tracesOf(surface)) {
      const name = `xaxis${(trace.xaxis ?? "x").slice(1)}`;
      if (!shared.axes.includes(name)) continue;
      const [start, end] = surface._fullLayout[name].range.map(times.wallOf);
      trace.x.forEach((text, at) => {
        const time = times.wallOf(text);
        if (time >= start && time <= end && isKnown(trace.y[at])) all.add(time);
      });
    }
    return [...all].sort((one, other) => one - other);
  }

  // Returns the traces that are not hidden, with lists.
  const tracesOf = ({ data, _fullData: drawn }) =>
    data.flatMap((trace, at) =>
      drawn.find(({ index }) => index === at)?.visible === true
        ? [{ ...trace, x: points.listOf(trace.x), y: points.listOf(trace.y) }]
        : [],
    );

  const isKnown = (value) => value !== null && value !== undefined;

  // Returns a time and the values at it in words.
  function describe({ surface }, time, language) {
    const options = { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" };
    const clock = new Intl.DateTimeFormat(language, options).format(time);
    const values = tracesOf(surface).flatMap(({ name, x, y, yaxis = "y" }) => {
      const at = x.findLastIndex((text) => times.wallOf(text) === time);
      if (at < 0 || !isKnown(y[at])) return [];
      const { tickprefix, ticksuffix } = surface._fullLayout[`yaxis${yaxis.slice(1)}`];
      const text = typeof y[at] === "number" ? y[at].toLocaleString(language) : y[at];
      return `${name ?? ""} ${tickprefix}${text}${ticksuffix}`.trim();
    });
    return [clock, ...values].join(", ");
  }

  function step(chart, line, move) {
    const all = timesOf(chart);
    if (!all.length) return;
    const last = all.length - 1;
    const before = shown ? all.findLastIndex((time) => time <= shown.time) : last + 1;
    const at = Math.min(Math.max(move(before, last), 0), last);
    line.setAttribute("aria-valuemax", last);
    line.setAttribute("aria-valuenow", at);
    line.setAttribute("aria-valuetext", describe(chart, all[at], page.languageOf(chart)));
    show(all[at]);
  }

  function moveOf({ key }) {
    if (KEYS[key]) return (at) => at + KEYS[key];
    if (key === "Home") return () => 0;
    return key === "End" ? (_, last) => last : undefined;
  }

  // Adds the element of the line to a chart that was drawn, or places it again.
  function attach(chart) {
    const { shared, surface } = chart;
    let line = surface.querySelector(":scope > .dashboards-crosshair");
    if (!shared) return line?.remove();
    if (!line) {
      line = document.createElement("div");
      line.className = "dashboards-crosshair";
      line.tabIndex = 0;
      line.append(Object.assign(document.createElement("i"), { hidden: true }));
      const roles = { role: "slider", "aria-label": chart.getAttribute("aria-label") };
      const range = { "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0 };
      for (const [name, value] of Object.entries({ ...roles, ...range })) {
        line.setAttribute(name, value);
      }
      line.addEventListener("keydown", (event) => {
        const move = moveOf(event);
        if (event.key === "Escape") show(undefined);
        if (!move) return;
        event.preventDefault();
        step(chart, line, move);
      });
      line.addEventListener("blur", () => show(undefined));
      surface.append(line);
    }
    const { _size: size, [shared.axes[0]]: axis } = surface._fullLayout;
    const place = { left: axis._offset, top: size.t, width: axis._length, height: size.h };
    for (const [name, value] of Object.entries(place)) line.style[name] = `${value}px`;
    if (shown) update(chart);
  }

  const crosshair = { attach };
  window.dashboards = { ...window.dashboards, crosshair };
})();

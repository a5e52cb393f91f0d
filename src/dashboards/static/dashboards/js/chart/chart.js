// <dashboard-chart>: draws the figure in its <script type="application/json"> with plotly.js.
//
// A plot is redrawn in place. What the viewer has zoomed, selected or hidden stays as it is.
(() => {
  "use strict";

  const { Drawing, bundles, chartConfig, chartTheme, clipFills, countries } = window.dashboards;
  const { crosshair, gaps, labels, loadBoxTools, points, sharing, times } = window.dashboards;
  const { page, trust, webgl, withoutSending } = window.dashboards;

  class DashboardChart extends Drawing {
    // Its plot has the height of the box, unless the figure has one of its own.
    get size() {
      return `${super.size} ${this.surface?.offsetHeight}`;
    }

    // In the whole window, and on a wall, it fills its box, whatever the figure says.
    get isEnlarged() {
      return Boolean(this.closest(".dashboards-component[popover]"));
    }

    get isFilling() {
      return this.isEnlarged || Boolean(this.closest(".dashboards-kiosk"));
    }

    async prepare(figure) {
      const height = !this.isFilling && figure?.layout?.height;
      if (this.surface) this.surface.style.height = height ? `${height}px` : "";
      const types = typesIn(figure);
      if (this.plotly && bundles.draws(this.plotly, types)) return;
      if (figure) sharing.announce(this, this.read(figure));
      const plotly = await bundles.load(types);
      if (this.plotly && this.plotly !== plotly) this.plotly.purge(this.surface);
      this.plotly = plotly;
    }

    // Shows a figure that was received as JSON, as if the template had rendered it.
    show(figure) {
      let { source } = this;
      if (!source) {
        source = Object.assign(document.createElement("script"), { type: "application/json" });
        const plot = document.createElement("div");
        plot.className = "dashboards-chart-plot";
        plot.setAttribute("hx-morph-skip", "");
        this.replaceChildren(source, plot);
      }
      // It is data, but Trusted Types check the text of every <script>.
      source.textContent = trust.createScript(JSON.stringify(figure));
    }

    // Returns the figure's traces and layout: with the points of a series, with gaps where nothing
    // was measured, in the page's time zone, which its axes name if `namesZone` is true.
    read(figure, namesZone = true) {
      const box = this.parentElement;
      // A trace that is none keeps its place: points of a series have the numbers of their traces.
      const given = [figure.data ?? []].flat().map((each) => withoutNull(each) ?? { visible: false });
      const declared = points.appendPoints(given, box);
      const connectsGaps = figure.layout?.template?.data?.scatter?.[0]?.connectgaps;
      const seconds = Number(box.dataset.dashboardsInterval ?? 0);
      const broken = connectsGaps
        ? declared
        : declared.map((each) => gaps.breakGaps(each, points.isGrown(each) ? seconds : 0));
      const traces = times.localize(broken);
      const layout = { uirevision: "kept", ...times.localize(withoutNull(figure.layout)) };
      if (namesZone) times.nameZone(traces, layout);
      return { traces, layout };
    }

    async draw(figure, plot) {
      const { plotly } = this;
      // The figure was replaced by one of another kind while plotly.js was loaded.
      if (!bundles.draws(plotly, typesIn(figure))) return this.schedule();
      const { traces, layout } = this.read(figure, false);
      sharing.share(this, traces, layout);
      if (!this.shared) times.nameZone(traces, layout); // Otherwise the picker names it.
      if (layout.modebar?.add) layout.modebar.add = withoutSending(layout.modebar.add);
      // CSS gives the plot its size, whatever is drawn in it.
      layout.width = (!this.isEnlarged && layout.width) || plot.clientWidth;
      layout.height = (!this.isFilling && layout.height) || plot.clientHeight;
      const isThemed = !layout.template;
      if (isThemed) this.addTheme(figure, traces, layout);
      labels.prepare(this, traces, layout, isThemed);
      await countries.prepare(figure, traces, layout);
      const config = chartConfig(plotly, figure, page.languageOf(this));
      if (this.shared) config.doubleClick = false; // All charts go back together.
      const frames = figure.frames && { frames: times.localize(figure.frames) };
      const { fontSize } = getComputedStyle(this);
      const data = traces
        .map((trace) => gaps.showDots(trace, parseFloat(fontSize)))
        .map(gaps.emptyGaps);
      await webgl.react(plotly, plot, { data, layout, config, ...frames });
      // plotly.js hides traces in which it finds nothing to draw.
      this.isEmpty = !plot._fullData.some((trace) => trace.visible);
      this.showTables(false);
      await labels.finish(this, plot);
      clipFills(this);
      sharing.listen(this);
      crosshair.attach(this);
      // Without it CSS could not scale the drawing to the width of a paper.
      for (const svg of plot.querySelectorAll(".main-svg")) {
        svg.setAttribute("viewBox", `0 0 ${plot._fullLayout.width} ${plot._fullLayout.height}`);
      }
    }

    // Calls a handler on events of plotly.js: once, however often it is asked for.
    listen(names, handler, isWanted = true) {
      for (const name of names) {
        this.surface.removeListener(name, handler);
        if (isWanted) this.surface.on(name, handler);
      }
    }

    addTheme(figure, traces, layout) {
      const size = parseFloat(getComputedStyle(this).fontSize);
      const ticks = chartTheme.ticksFor(layout.width, size, traces, layout);
      // Above the plot a legend of the figure's own would cover the title.
      const isBelow = Boolean(layout.title?.text) && !labels.leavesLegendOpen(layout);
      layout.template = chartTheme.template(this, isBelow, ticks);
      const { colorway } = { ...layout.template.layout, ...figure.layout };
      if (colorway) chartTheme.recolor(traces, colorway);
    }

    erase(plot) {
      this.plotly?.purge(plot);
      sharing.charts.delete(this);
    }

    // Writes the points as a table while that is open.
    describe() {
      const details = this.querySelector(":scope > details");
      if (!details) return;
      const write = async () => {
        if (!details.open) return;
        const { rowsOf, writeTable } = await loadBoxTools();
        writeTable(details, rowsOf(this.parentElement));
      };
      details.ontoggle = write;
      write();
    }

    // Opens the tables in place of the plot, until it can be drawn again.
    fail() {
      this.showTables(true);
    }

    showTables(isOpen) {
      if (Boolean(this.hasFailed) === isOpen) return; // What the viewer opened stays.
      this.hasFailed = isOpen;
      const details = this.querySelector(":scope > details");
      if (details) details.open = isOpen;
    }
  }

  // Returns a part of a figure without members that are null, which plotly.js takes for left out;
  // undefined if it is no object.
  function withoutNull(part) {
    if (part === null || typeof part !== "object") return undefined;
    return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== null));
  }

  // Returns the kinds of traces in a figure. Points of a series may add a trace of kind "scatter".
  function typesIn({ data, frames } = {}) {
    const traces = [data ?? [], ...(frames ?? []).map((frame) => frame?.data ?? [])].flat();
    return new Set(["scatter", ...traces.map((trace) => trace?.type ?? "scatter")]);
  }

  customElements.define("dashboard-chart", DashboardChart);

  // Returns the figure in a text: its JSON, or JSON text that its sender encoded once more; else
  // null.
  function figureIn(text) {
    try {
      let value = JSON.parse(text);
      if (typeof value === "string") value = JSON.parse(value);
      return value && typeof value === "object" && !Array.isArray(value) ? value : null;
    } catch {
      return null;
    }
  }

  document.addEventListener("htmx:before:sse:message", (message) => {
    const chart = message.target.querySelector?.(":scope > dashboard-chart");
    const figure = chart && figureIn(message.detail.data);
    if (!figure) return;
    message.preventDefault();
    chart.show(figure);
  });
})();

// <dashboard-chart>: draws the figure in its <script type="application/json"> with plotly.js.
//
// An update replaces that child; the plot is redrawn in place, at most once a frame, and what the
// viewer zoomed, selected or hid stays as it is.
(() => {
  "use strict";

  const { nonce } = document.currentScript;
  let plotly; // Loaded by the first chart that needs it, so that no page waits for it.

  function load(src) {
    plotly ??= new Promise((resolve, reject) => {
      if (window.Plotly) return resolve(window.Plotly);
      const script = Object.assign(document.createElement("script"), { src, nonce, async: true });
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => {
        plotly = undefined;
        reject(new Error(`plotly.js could not be loaded from ${src}`));
      };
      document.head.append(script);
    });
    return plotly;
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");

  // What the figure leaves open follows the page: its type, its colours, light or dark.
  function template(element) {
    const style = getComputedStyle(element);
    const color = (name) => style.getPropertyValue(name).trim() || undefined;
    const axis = {
      gridcolor: color("--dashboards-chart-grid"),
      linecolor: color("--dashboards-chart-grid"),
      ticks: "outside",
      ticklen: 7,
      tickcolor: "rgba(0,0,0,0)",
      zerolinecolor: color("--dashboards-chart-grid"),
      spikecolor: color("--dashboards-muted"),
      spikethickness: 1,
      automargin: true,
    };
    const colors = Array.from({ length: 8 }, (_, i) => color(`--dashboards-chart-${i + 1}`));
    return {
      layout: {
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: style.fontFamily, size: 12, color: color("--dashboards-muted") ?? style.color },
        margin: { l: 8, r: 8, t: 8, b: 8 },
        colorway: colors.every(Boolean) ? colors : undefined,
        hoverlabel: {
          bgcolor: color("--dashboards-surface"),
          bordercolor: color("--dashboards-line"),
          font: { family: style.fontFamily, color: style.color },
        },
        legend: { orientation: "h", x: 0, y: -0.2 },
        xaxis: axis,
        yaxis: axis,
      },
    };
  }

  // The points beside a chart, each a list of what every trace gets; read once.
  const read = new WeakMap();

  const packed = {
    i1: Int8Array,
    u1: Uint8Array,
    i2: Int16Array,
    u2: Uint16Array,
    i4: Int32Array,
    u4: Uint32Array,
    f4: Float32Array,
    f8: Float64Array,
  };

  // What a trace has of a field, as a list that can be appended to: plotly.py packs NumPy's.
  function list(field) {
    if (Array.isArray(field)) return field;
    if (!field?.bdata || !packed[field.dtype]) return [];
    const bytes = Uint8Array.from(atob(field.bdata), (character) => character.charCodeAt(0));
    return Array.from(new packed[field.dtype](bytes.buffer));
  }

  function extend(traces, box) {
    const grown = new Map(); // Each trace that points are appended to, and which of its fields.
    for (const node of box.querySelectorAll(":scope > script[data-point]")) {
      if (!read.has(node)) read.set(node, JSON.parse(node.textContent));
      read.get(node).forEach((point, index) => {
        const trace = (traces[index] ??= { type: "scatter", mode: "lines" });
        if (!grown.has(trace)) grown.set(trace, new Set());
        for (const [field, value] of Object.entries(point ?? {})) {
          if (!grown.get(trace).has(field)) trace[field] = list(trace[field]);
          grown.get(trace).add(field);
          trace[field].push(value);
        }
      });
    }
    // The figure's own points are the oldest, and leave the window first.
    const most = Number(box.dataset.window || Infinity);
    for (const [trace, fields] of grown) {
      for (const field of fields) trace[field] = trace[field].slice(-most);
    }
    return traces;
  }

  class DashboardChart extends HTMLElement {
    connectedCallback() {
      this.redraw ??= () => this.schedule();
      this.updates ??= new MutationObserver((records) => {
        const ours = ({ target }) => target === this || target === this.parentElement;
        if (records.some((each) => ours(each) || each.target.localName === "script")) {
          this.schedule();
        }
      });
      this.updates.observe(this, { childList: true, subtree: true, characterData: true });
      // The points of a series stand beside the chart.
      this.updates.observe(this.parentElement, { childList: true });
      dark.addEventListener("change", this.redraw);
      this.schedule();
    }

    disconnectedCallback() {
      this.updates.disconnect();
      dark.removeEventListener("change", this.redraw);
      // Moved within the page, it is connected again at once; taken out, it frees its memory.
      queueMicrotask(() => {
        if (!this.isConnected && this.drawn) window.Plotly.purge(this.drawn);
      });
    }

    schedule() {
      this.frame ??= requestAnimationFrame(() => this.draw());
    }

    // Shows a figure that came as JSON: as its template would have, had it come as HTML.
    show(figure) {
      let source = this.querySelector('script[type="application/json"]');
      if (!source) {
        source = Object.assign(document.createElement("script"), { type: "application/json" });
        const plot = Object.assign(document.createElement("div"), { className: "dashboard-chart-plot" });
        plot.setAttribute("hx-morph-skip", "");
        this.replaceChildren(source, plot);
      }
      source.textContent = JSON.stringify(figure);
    }

    async draw() {
      try {
        const Plotly = await load(this.dataset.plotly);
        this.frame = undefined;
        const source = this.querySelector('script[type="application/json"]');
        const plot = this.querySelector(".dashboard-chart-plot");
        if (!source || !plot || !this.isConnected) return;
        const figure = JSON.parse(source.textContent);
        const data = extend(figure.data ?? [], this.parentElement);
        const layout = { uirevision: "kept", ...figure.layout };
        layout.template ??= template(this);
        const config = { responsive: true, displaylogo: false, ...figure.config };
        await Plotly.react(plot, data, layout, config);
        this.drawn = plot;
      } catch (error) {
        this.frame = undefined;
        console.error("dashboards: a chart could not be drawn.", error);
      }
    }
  }

  customElements.define("dashboard-chart", DashboardChart);

  // A figure in JSON, or in JSON that was encoded once more by whoever sent it; else null.
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

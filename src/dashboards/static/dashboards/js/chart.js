// <dashboard-chart>: draws the figure in its <script type="application/json"> with plotly.js.
//
// The plot is redrawn in place; what the viewer zoomed, selected or hid stays as it is. Maps take
// their countries from the site: plotly.js would ask its maker's servers.
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

  // What the figure leaves open follows the page: its type, its colours, light or dark.
  function template(element, isTitled, ticks) {
    const style = getComputedStyle(element);
    const color = (name) => element.color(`--dashboards-${name}`);
    const grid = color("chart-grid");
    const muted = color("muted");
    const axis = {
      gridcolor: grid,
      linecolor: grid,
      ticks: "outside",
      ticklen: 7,
      tickcolor: "rgba(0,0,0,0)",
      zerolinecolor: grid,
      spikecolor: muted,
      spikethickness: 1,
      automargin: true,
    };
    const line = color("line");
    const border = mix(color("track"), color("muted"), 0.4);
    const scale = [[0, mix(color("surface"), color("chart-1"), 0.2)], [1, color("chart-1")]];
    const colors = Array.from({ length: 8 }, (_, i) => color(`chart-${i + 1}`));
    return {
      layout: {
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: style.fontFamily, size: 12, color: muted ?? style.color },
        margin: { l: 8, r: 8, t: 8, b: 8 },
        colorway: colors.every(Boolean) ? colors : undefined,
        hoverlabel: {
          bgcolor: color("surface"),
          bordercolor: line,
          font: { family: style.fontFamily, color: style.color },
        },
        title: { x: 0, xref: "paper", yref: "container", automargin: true, font: { size: 14, color: style.color } },
        legend: isTitled
          ? { orientation: "h", x: 0, y: -0.2 }
          : { orientation: "h", x: 0, y: 1, yanchor: "bottom", title: { side: "left" } },
        colorscale: { sequential: scale, sequentialminus: scale },
        modebar: { bgcolor: "rgba(0,0,0,0)", color: muted, activecolor: color("accent") },
        xaxis: { ...axis, nticks: ticks },
        yaxis: axis,
        polar: {
          bgcolor: "rgba(0,0,0,0)",
          angularaxis: { gridcolor: grid, linecolor: grid },
          radialaxis: { gridcolor: grid, linecolor: grid },
        },
        coloraxis: { colorbar: { outlinewidth: 0, thickness: 12 } },
        geo: {
          bgcolor: "rgba(0,0,0,0)",
          landcolor: color("track"),
          lakecolor: color("surface"),
          oceancolor: color("page"),
          coastlinecolor: border,
          countrycolor: border,
          subunitcolor: border,
          showframe: false,
          showland: true,
        },
        // Tiles would be asked for elsewhere: a figure that wants them names a style.
        map: { style: { version: 8, sources: {}, layers: [background(color("track"))] } },
      },
      data: { choropleth: [{ marker: { line: { color: color("surface"), width: 0.5 } } }] },
    };
  }

  // How many ticks an axis of dates gets in a narrow box: plotly.js gives it five at least, and on a
  // phone their labels would run into each other, or turn and turn back as they change.
  function ticksFor(width, traces, { xaxis }) {
    if (width >= 450) return undefined;
    const isDate = ({ x }) => Array.isArray(x) && /^\d{4}-\d\d/.test(x.find((each) => each != null));
    if (xaxis?.type ? xaxis.type !== "date" : !traces.some(isDate)) return undefined;
    return Math.max(2, Math.floor(width / 100));
  }

  const background = (color) => ({
    id: "background",
    type: "background",
    paint: { "background-color": color ?? "transparent" },
  });

  // A colour between two, as computed styles write them.
  function mix(from, to, share) {
    const [a, b] = [from, to].map((each) => (each ?? "").match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0]);
    return `rgb(${[0, 1, 2].map((i) => Math.round(a[i] + share * (b[i] - a[i])))})`;
  }

  // The colours that plotly.express writes into traces when nobody chose any.
  const unchosen = ["#636efa", "#ef553b", "#00cc96", "#ab63fa", "#ffa15a", "#19d3f3", "#ff6692", "#b6e880"];

  function recolor(traces, colors) {
    for (const trace of traces) {
      for (const part of [trace.marker, trace.line]) {
        const index = unchosen.indexOf(String(part?.color).toLowerCase());
        if (index >= 0) part.color = colors[index];
      }
    }
  }

  // The shapes of countries, for every scope and resolution that plotly.js may ask for.
  const scopes = ["world", "usa", "europe", "asia", "africa", "north-america", "south-america", "antarctica", "oceania"];
  const nothing = { type: "GeometryCollection", geometries: [] };
  const layers = ["countries", "land", "coastlines", "ocean", "lakes", "rivers", "subunits"];
  const blank = {
    type: "Topology",
    objects: Object.fromEntries(layers.map((layer) => [layer, nothing])),
    arcs: [],
  };
  let world;
  const asked = new Set(); // The names of shapes that a figure says another address of.

  function know(shapes) {
    const { topojson } = (window.PlotlyGeoAssets ??= { topojson: {} });
    for (const scope of scopes) {
      for (const resolution of ["110m", "50m"]) {
        const name = `${scope}_${resolution}`;
        if (asked.has(name) || (shapes === blank && topojson[name])) continue;
        topojson[name] = shapes;
      }
    }
  }

  // Has plotly.js fetch the shapes of a figure's maps from its config.topojsonURL: once a page, for
  // all that show the same part of the world.
  function letAsk(layout) {
    know(blank);
    for (const id of Object.keys({ geo: {}, ...layout }).filter((key) => /^geo\d*$/.test(key))) {
      const { scope = "world", resolution = 110 } = layout[id] ?? {};
      const name = `${scope.replaceAll(" ", "-")}_${resolution}m`;
      if (!asked.has(name)) delete window.PlotlyGeoAssets.topojson[name];
      asked.add(name);
    }
  }

  async function fetchWorld(src) {
    try {
      if (!src) throw new Error("there are no shapes");
      const answer = await fetch(src);
      if (!answer.ok) throw new Error(`${src} answered ${answer.status}`);
      know(await answer.json());
    } catch (error) {
      know(blank);
      world = undefined;
      console.error(
        'dashboards: a map has no countries. pip install "django-live-dashboards[maps]".',
        error,
      );
    }
  }

  // Whether a figure shows countries that it does not bring.
  function showsWorld(traces, layout) {
    return traces.some(({ type, geo = "geo", geojson }) => {
      const subplot = layout[geo] ?? {};
      if (type === "choropleth" && !geojson) return true;
      return ["choropleth", "scattergeo"].includes(type) && subplot.visible !== false;
    });
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

  // One that is damaged costs only itself, until it leaves the window.
  function parsePoint(text) {
    try {
      const point = JSON.parse(text);
      return Array.isArray(point) ? point : [];
    } catch {
      return [];
    }
  }

  function extend(traces, box) {
    const grown = new Map(); // Each trace that points are appended to, and which of its fields.
    for (const node of box.querySelectorAll(":scope > script[data-point]")) {
      if (!read.has(node)) read.set(node, parsePoint(node.textContent));
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

  class DashboardChart extends window.dashboards.Drawing {
    prepare() {
      return load(this.dataset.plotly);
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

    async draw(figure, plot) {
      const data = extend(figure.data ?? [], this.parentElement);
      const layout = { uirevision: "kept", ...figure.layout };
      if (!layout.template) {
        // In a hidden tab it has no width yet.
        const ticks = ticksFor(this.clientWidth || innerWidth, data, layout);
        layout.template = template(this, Boolean(layout.title?.text), ticks);
        const { colorway } = { ...layout.template.layout, ...figure.layout };
        if (colorway) recolor(data, colorway);
      }
      if (figure.config?.topojsonURL) letAsk(layout);
      else if (showsWorld(data, layout)) await (world ??= fetchWorld(this.dataset.world));
      else know(blank);
      const config = { responsive: true, displaylogo: false, ...figure.config };
      await window.Plotly.react(plot, data, layout, config);
      // What plotly.js found nothing to draw in it does not show.
      this.isEmpty = !plot._fullData.some((trace) => trace.visible);
      this.tell(data, layout);
    }

    erase(plot) {
      window.Plotly?.purge(plot);
    }

    // Writes the points as tables, while those are open.
    tell(traces, layout) {
      const details = this.querySelector(":scope > details");
      if (!details) return;
      details.ontoggle = () => this.schedule();
      details.querySelectorAll("table").forEach((table) => table.remove());
      if (details.open) details.append(...traces.map((trace, index) => tableOf(trace, layout, index)));
    }
  }

  const columns = ["labels", "parents", "locations", "lat", "lon", "x", "y", "z", "r", "theta", "open", "high", "low", "close", "values", "text"];
  const MOST = 1000; // Rows of a table: more than anybody reads.

  function tableOf(trace, layout, index) {
    const fields = columns.map((name) => [name, list(trace[name])]).filter(([, values]) => values.length);
    const table = document.createElement("table");
    table.className = "dashboard-table";
    table.createCaption().textContent = trace.name ?? `${index + 1}`;
    const row = (parent, tag, cells) => {
      const line = parent.insertRow();
      for (const cell of cells) {
        const element = document.createElement(tag);
        if (tag === "th") element.scope = "col";
        if (typeof cell === "number") element.className = "number";
        element.textContent = cell ?? "";
        line.append(element);
      }
    };
    const titles = fields.map(([name]) => layout[`${name}axis`]?.title?.text ?? name);
    row(table.createTHead(), "th", titles);
    const rows = Math.max(0, ...fields.map(([, values]) => values.length));
    const body = table.createTBody();
    for (let at = Math.max(0, rows - MOST); at < rows; at++) {
      row(body, "td", fields.map(([, values]) => values[at]));
    }
    return table;
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

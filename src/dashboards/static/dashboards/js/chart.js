// <dashboard-chart>: draws the figure in its <script type="application/json"> with plotly.js.
//
// The plot is redrawn in place; what the viewer zoomed, selected or hid stays as it is. Maps take
// their countries from the site: plotly.js would ask its maker's servers.
(() => {
  "use strict";

  // The page says where these are: a figure may have been rendered by a process, or a release, that
  // knows the files by other addresses.
  const { nonce, dataset } = document.currentScript;
  const { dashboardsPlotlyUrl: PLOTLY_URL, dashboardsWorldUrl: WORLD_URL } = dataset;
  const RETRY_MS = 10_000;
  let plotly; // Loaded by the first chart that needs it, so that no page waits for it.

  function load(src) {
    plotly ??= new Promise((resolve, reject) => {
      if (window.Plotly) return resolve(window.Plotly);
      const script = Object.assign(document.createElement("script"), { nonce, async: true });
      script.src = window.dashboards.trust.createScriptURL(src);
      const restore = adoptStyles();
      adoptStyleAttributes();
      script.onload = () => {
        restore();
        resolve(window.Plotly);
      };
      script.onerror = () => {
        restore();
        // The next update of any chart tries again, but not each of many.
        setTimeout(() => (plotly = undefined), RETRY_MS);
        reject(new Error(`plotly.js could not be loaded from ${src}`));
      };
      document.head.append(script);
    });
    return plotly;
  }

  // While plotly.js starts it writes its rules into <style> elements, which `style-src 'self'`
  // refuses. They go into style sheets without an element, which no policy is asked for. What it
  // later looks up by the element's id finds the sheet.
  function adoptStyles() {
    const { head } = document;
    const append = head.appendChild;
    head.appendChild = (node) => {
      if (node.localName !== "style") return append.call(head, node);
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(node.textContent);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
      Object.defineProperty(node, "sheet", { value: sheet });
      const holder = Object.assign(document.createElement("meta"), { id: node.id });
      Object.defineProperty(holder, "sheet", { value: sheet });
      append.call(head, holder);
      return node;
    };
    return () => delete head.appendChild;
  }

  // What plotly.js writes as an attribute, such as <span style> in a label, is refused as well;
  // the same by the object model is not.
  function adoptStyleAttributes() {
    const { setAttribute } = Element.prototype;
    SVGElement.prototype.setAttribute = function (name, value) {
      if (name === "style") this.style.cssText = value;
      else setAttribute.call(this, name, value);
    };
  }

  // Buttons that send a figure to another company's server, by the names of all releases, and
  // whatever else leads there. A figure's own config cannot turn them on.
  const LEAVING = ["sendChartToCloud", "sendDataToCloud", "editInChartStudio"];
  const STAYING = {
    showSendToCloud: false,
    showEditInChartStudio: false,
    showLink: false,
    sendData: false,
    displaylogo: false,
    watermark: false,
    plotlyServerURL: "",
  };
  const stays = (button) => !LEAVING.some((name) => name.toLowerCase() === String(button?.name ?? button).toLowerCase());
  const keepStaying = (buttons) => [buttons ?? []].flat().filter(stays);

  function configOf(figure, language) {
    const config = { locale: register(language), ...figure.config, ...STAYING, responsive: false };
    config.modeBarButtonsToAdd = keepStaying(config.modeBarButtonsToAdd);
    config.modeBarButtonsToRemove = [...[config.modeBarButtonsToRemove ?? []].flat(), ...LEAVING];
    if (Array.isArray(config.modeBarButtons)) config.modeBarButtons = config.modeBarButtons.map(keepStaying);
    return config;
  }

  // The words of the buttons, in the page's language, as scripts.html has them.
  const words = JSON.parse(dataset.dashboardsWords || "{}");
  const registered = new Map();

  // Tells plotly.js a language: its own distribution brings English only. Returns its name.
  function register(language) {
    if (!registered.has(language)) {
      try {
        window.Plotly.register({ moduleType: "locale", name: language, dictionary: words, format: formatOf(language) });
        registered.set(language, language);
      } catch (error) {
        registered.set(language, "en");
        console.warn(`dashboards: charts cannot speak ${language}.`, error);
      }
    }
    return registered.get(language);
  }

  // What a language calls months and days, and how it writes numbers and dates, as plotly.js wants it.
  function formatOf(language) {
    const names = (count, options) =>
      Array.from({ length: count }, (_, index) => {
        const date = options.month ? new Date(Date.UTC(2023, index, 1)) : new Date(Date.UTC(2023, 0, 1 + index)); // A Sunday.
        return new Intl.DateTimeFormat(language, { ...options, timeZone: "UTC", numberingSystem: "latn" }).format(date);
      });
    const order = (options, codes) =>
      new Intl.DateTimeFormat(language, { ...options, timeZone: "UTC", numberingSystem: "latn" })
        .formatToParts(new Date(0))
        .map(({ type, value }) => codes[type] ?? value.replaceAll("%", "%%"))
        .join("");
    const numbers = new Intl.NumberFormat(language, { numberingSystem: "latn", useGrouping: true }).formatToParts(1234567.5);
    const sign = (type, usual) => numbers.find((part) => part.type === type)?.value ?? usual;
    const codes = { day: "%-d", month: "%b", year: "%Y" };
    const numeric = { day: "%d", month: "%m", year: "%Y" };
    const all = { day: "numeric", month: "short", year: "numeric" };
    return {
      days: names(7, { weekday: "long" }),
      shortDays: names(7, { weekday: "short" }),
      months: names(12, { month: "long" }),
      shortMonths: names(12, { month: "short" }),
      periods: ["AM", "PM"],
      dateTime: `%a ${order(all, codes)} %X`,
      date: order({ day: "2-digit", month: "2-digit", year: "numeric" }, numeric),
      time: "%H:%M:%S",
      decimal: sign("decimal", "."),
      thousands: sign("group", ","),
      grouping: [3],
      currency: ["", ""],
      year: "%Y",
      month: order({ month: "short", year: "numeric" }, codes),
      dayMonth: order({ day: "numeric", month: "short" }, codes),
      dayMonthYear: order(all, codes),
    };
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
    for (const node of box.querySelectorAll(":scope > script[data-dashboards-point]")) {
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
    const most = Number(box.dataset.dashboardsMaxPoints || Infinity);
    for (const [trace, fields] of grown) {
      for (const field of fields) trace[field] = trace[field].slice(-most);
    }
    return traces;
  }

  class DashboardChart extends window.dashboards.Drawing {
    prepare() {
      return load(PLOTLY_URL);
    }

    // Shows a figure that came as JSON: as its template would have, had it come as HTML.
    show(figure) {
      let source = this.querySelector('script[type="application/json"]');
      if (!source) {
        source = Object.assign(document.createElement("script"), { type: "application/json" });
        const plot = Object.assign(document.createElement("div"), { className: "dashboards-chart-plot" });
        plot.setAttribute("hx-morph-skip", "");
        this.replaceChildren(source, plot);
      }
      // Data, and yet a policy asks: it is the text of a <script>.
      source.textContent = window.dashboards.trust.createScript(JSON.stringify(figure));
    }

    // The figure's traces and layout as they are drawn: with the points of a series, in the page's
    // time zone, with gaps where nothing was measured.
    read(figure) {
      const { localize, nameZone, breakGaps } = window.dashboards.times;
      const traces = localize(extend([figure.data ?? []].flat(), this.parentElement));
      const layout = { uirevision: "kept", ...localize(figure.layout ?? {}) };
      nameZone(traces, layout);
      const usual = layout.template?.data?.scatter?.[0]?.connectgaps;
      return { traces: usual ? traces : traces.map(breakGaps), layout };
    }

    // The room that CSS gives: plotly.js would measure what it has drawn before.
    measure(plot) {
      const drawn = plot.firstElementChild;
      const display = drawn?.style.display;
      if (drawn) drawn.style.display = "none";
      const { clientWidth: width, clientHeight: height } = plot;
      if (drawn) drawn.style.display = display;
      return { width, height };
    }

    async draw(figure, plot) {
      const { traces: data, layout } = this.read(figure);
      if (!layout.template) {
        const ticks = ticksFor(this.clientWidth, data, layout);
        layout.template = template(this, Boolean(layout.title?.text), ticks);
        const { colorway } = { ...layout.template.layout, ...figure.layout };
        if (colorway) recolor(data, colorway);
      }
      if (layout.modebar?.add) layout.modebar.add = keepStaying(layout.modebar.add);
      const room = this.measure(plot);
      layout.width ??= room.width;
      layout.height ??= room.height;
      if (figure.config?.topojsonURL) letAsk(layout);
      else if (showsWorld(data, layout)) await (world ??= fetchWorld(WORLD_URL));
      else know(blank);
      const language = this.closest("[lang]")?.lang || navigator.language;
      const config = configOf(figure, language);
      const { frames } = figure;
      await window.Plotly.react(plot, { data, layout, config, ...(frames && { frames: window.dashboards.times.localize(frames) }) });
      // What plotly.js found nothing to draw in it does not show.
      this.isEmpty = !plot._fullData.some((trace) => trace.visible);
      placeToolbar(plot);
    }

    erase(plot) {
      window.Plotly?.purge(plot);
    }

    // Writes the points as tables, while those are open: they need no plotly.js.
    describe() {
      const details = this.querySelector(":scope > details");
      if (!details) return;
      const write = () => {
        details.querySelectorAll("table").forEach((table) => table.remove());
        if (!details.open) return;
        const { traces, layout } = this.read(JSON.parse(this.source.textContent));
        details.append(...traces.map((trace, index) => tableOf(trace, layout, index)));
      };
      details.ontoggle = write;
      write();
    }

    fail() {
      // The table is what there is to see.
      const details = this.querySelector(":scope > details");
      if (details) details.open = true;
    }
  }

  // Moves the toolbar, which appears above the plot, to where it does not cover the legend.
  function placeToolbar(plot) {
    const bar = plot.querySelector(".modebar");
    const legends = [...plot.querySelectorAll(".legend")].map((each) => each.getBoundingClientRect());
    if (!bar) return;
    const covers = (place) => {
      plot.dataset.dashboardsToolbar = place;
      const box = bar.getBoundingClientRect();
      return legends.some(
        ({ left, right, top, bottom }) => left < box.right && box.left < right && top < box.bottom && box.top < bottom,
      );
    };
    ["top", "bottom", "bottom-left", "middle"].find((place) => !covers(place));
  }

  const columns = ["labels", "parents", "locations", "lat", "lon", "x", "y", "z", "r", "theta", "open", "high", "low", "close", "values", "text"];
  const MOST = 1000; // Rows of a table: more than anybody reads.

  function tableOf(trace, layout, index) {
    const fields = columns.map((name) => [name, list(trace[name])]).filter(([, values]) => values.length);
    const table = document.createElement("table");
    table.className = "dashboards-table";
    table.createCaption().textContent = trace.name ?? `${index + 1}`;
    const row = (parent, tag, cells) => {
      const line = parent.insertRow();
      for (const cell of cells) {
        const element = document.createElement(tag);
        if (tag === "th") element.scope = "col";
        if (typeof cell === "number") element.className = "dashboards-number";
        element.textContent = cell ?? "–";
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

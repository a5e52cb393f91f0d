// dashboards.bundles: loads plotly.js when the first chart is drawn, so that no page waits for it.
//
// plotly.js is published whole and in smaller bundles with fewer kinds of traces. A page loads the
// smallest of those that the site has. All of the smaller ones together are smaller than the whole, so
// a page loads two of them rather than the whole. A chart keeps its bundle until its figure needs
// another one.
(() => {
  "use strict";

  const { loadScript, page } = window.dashboards;
  const RETRY_MS = 10_000;

  const WHOLE = "whole";

  // Addresses are not read from figures: another process, or another release, in which the files
  // have other addresses, may have rendered a figure.
  const { dashboardsPlotlyBundles, dashboardsPlotlyUrl } = page.texts;
  const urls = { ...JSON.parse(dashboardsPlotlyBundles ?? "{}"), [WHOLE]: dashboardsPlotlyUrl };

  // The kinds of traces of each smaller bundle, from the smallest to the largest.
  const TRACES = {
    basic: ["bar", "pie", "scatter"],
    geo: ["choropleth", "scatter", "scattergeo"],
    cartesian: [
      ...["bar", "box", "contour", "heatmap", "histogram", "histogram2d", "histogram2dcontour"],
      ...["image", "pie", "scatter", "scatterternary", "violin"],
    ],
  };

  const names = [...Object.keys(TRACES), WHOLE].filter((name) => urls[name]);

  const loading = new Map(); // A promise of a Plotly for each bundle's name.
  const loaded = new Map(); // The name of the bundle of each Plotly.
  let group; // The charts that are drawn in the same frame.

  const includes = (name, types) =>
    !TRACES[name] || [...types].every((type) => TRACES[name].includes(type));

  // Returns true if a Plotly draws these kinds of traces. One that the site has loaded is taken to
  // be the whole.
  const draws = (plotly, types) => includes(loaded.get(plotly), types);

  // Resolves with a Plotly that draws these kinds of traces.
  async function load(types) {
    group ??= beginGroup();
    const { ready, charts } = group;
    charts.push(types);
    await ready;
    await Promise.allSettled(loading.values());
    const known = [...loaded.keys(), window.Plotly].find((each) => each && draws(each, types));
    if (known) return known;
    const name = choose(charts).findLast((each) => includes(each, types));
    return name === WHOLE ? loadBundle(WHOLE) : loadBundle(name).catch(() => loadBundle(WHOLE));
  }

  // Returns the names of the bundles that draw these charts. The charts that need the largest bundle
  // come first: it may draw the others, too.
  function choose(charts) {
    const smallest = charts.map((types) => names.findIndex((name) => includes(name, types)));
    const order = [...charts.keys()].sort((one, other) => smallest[other] - smallest[one]);
    const chosen = [];
    for (const index of order) {
      if (chosen.some((name) => includes(name, charts[index]))) continue;
      chosen.push(names[smallest[index]]);
    }
    return chosen;
  }

  function beginGroup() {
    const ready = new Promise((resolve) => {
      setTimeout(() => {
        group = undefined;
        resolve();
      });
    });
    return { ready, charts: [] };
  }

  function loadBundle(name) {
    if (!loading.has(name)) {
      // One after the other: loadPlotly() replaces a method while a script runs.
      const promise = Promise.allSettled(loading.values()).then(() => loadPlotly(urls[name]));
      loading.set(name, promise);
      promise.then(
        (plotly) => loaded.set(plotly, name),
        // The next update of any chart tries again, but not each of many.
        () => setTimeout(() => loading.delete(name), RETRY_MS),
      );
    }
    return loading.get(name);
  }

  async function loadPlotly(url) {
    const restore = adoptStyles();
    adoptStyleAttributes();
    const before = window.Plotly;
    await loadScript(url).catch(() => {});
    restore();
    // A file with something else in it loads without an error: a page of a login, or half a file.
    // Each bundle sets a Plotly of its own.
    const { Plotly } = window;
    if (Plotly && Plotly !== before) return Plotly;
    throw new Error(`plotly.js could not be loaded from ${url}`);
  }

  // `style-src 'self'` refuses the <style> elements into which plotly.js writes its rules while it
  // starts. Their rules are put into style sheets without an element, which no policy refuses.
  // plotly.js later looks for the sheet by the element's id: a <meta> with this id has it.
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

  // The policy also refuses style attributes that plotly.js sets, such as that of a <span> in a
  // label. The same rules set through the object model are allowed.
  function adoptStyleAttributes() {
    const { setAttribute } = Element.prototype;
    SVGElement.prototype.setAttribute = function (name, value) {
      if (name === "style") this.style.cssText = value;
      else setAttribute.call(this, name, value);
    };
  }

  const bundles = { draws, load };
  window.dashboards = { ...window.dashboards, bundles };
})();

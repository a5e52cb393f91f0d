// dashboards.countries: the shapes of countries come from the site. plotly.js would load them from
// servers of its vendor.
(() => {
  "use strict";

  const { dashboardsWorldUrl: worldUrl } = window.dashboards.page.texts;
  const SCOPES = [
    ...["world", "usa", "europe", "asia", "africa", "north-america", "south-america"],
    ...["antarctica", "oceania"],
  ];
  const RESOLUTIONS = ["110m", "50m"];
  const LAYERS = ["countries", "land", "coastlines", "ocean", "lakes", "rivers", "subunits"];

  const empty = { type: "GeometryCollection", geometries: [] };
  const blank = {
    type: "Topology",
    objects: Object.fromEntries(LAYERS.map((layer) => [layer, empty])),
    arcs: [],
  };
  let world; // A promise of the site's shapes.
  const external = new Set(); // The names of shapes that plotly.js loads from a topojsonURL.

  // Sees to it that plotly.js has the shapes of a figure's maps before it draws them.
  async function prepare({ config }, traces, layout) {
    if (config?.topojsonURL) allowLoading(layout);
    else if (showsCountries(traces, layout)) await (world ??= load());
    else provide(blank);
  }

  // Gives plotly.js shapes for every scope and resolution that it may load.
  function provide(shapes) {
    const { topojson } = (window.PlotlyGeoAssets ??= { topojson: {} });
    for (const scope of SCOPES) {
      for (const resolution of RESOLUTIONS) {
        const name = `${scope}_${resolution}`;
        if (external.has(name) || (shapes === blank && topojson[name])) continue;
        topojson[name] = shapes;
      }
    }
  }

  // Lets plotly.js load the shapes of a figure's maps from its config.topojsonURL: once for a page
  // and a part of the world.
  function allowLoading(layout) {
    provide(blank);
    for (const id of Object.keys({ geo: {}, ...layout }).filter((key) => /^geo\d*$/.test(key))) {
      const { scope = "world", resolution = 110 } = layout[id] ?? {};
      const name = `${scope.replaceAll(" ", "-")}_${resolution}m`;
      if (!external.has(name)) delete window.PlotlyGeoAssets.topojson[name];
      external.add(name);
    }
  }

  async function load() {
    try {
      if (!worldUrl) throw new Error("The site has no shapes of countries.");
      const response = await fetch(worldUrl);
      if (!response.ok) throw new Error(`${worldUrl} answered ${response.status}`);
      provide(await response.json());
    } catch (error) {
      provide(blank);
      world = undefined;
      console.error(
        'dashboards: a map has no countries. pip install "django-live-dashboards[maps]".',
        error,
      );
    }
  }

  // Returns true if a figure shows countries whose shapes it does not contain.
  function showsCountries(traces, layout) {
    return traces.some(({ type, geo = "geo", geojson }) => {
      const subplot = layout[geo] ?? {};
      if (type === "choropleth" && !geojson) return true;
      return ["choropleth", "scattergeo"].includes(type) && subplot.visible !== false;
    });
  }

  const countries = { prepare };
  window.dashboards = { ...window.dashboards, countries };
})();

// dashboards.page: what the server tells the scripts. scripts.html writes it into this script's
// tag.
(() => {
  "use strict";

  const { nonce, src, dataset } = document.currentScript;

  const page = {
    nonce,
    // The origin of static files, which may be another server than the site's.
    staticOrigin: new URL(src).origin,
    prefixes: JSON.parse(dataset.dashboardsPrefixes || "{}"), // Of URLs, by placeholder.
    release: dataset.dashboardsSiteRelease,
    reloadJitterMs: 1000 * Number(dataset.dashboardsReloadJitter),
    timezone: dataset.dashboardsTimezone,
    // Addresses are not read from figures: another process, or another release, in which the files
    // have other addresses, may have rendered a figure.
    bundles: JSON.parse(dataset.dashboardsPlotlyBundles || "{}"), // URLs by name.
    plotlyUrl: dataset.dashboardsPlotlyUrl,
    worldUrl: dataset.dashboardsWorldUrl,
    words: JSON.parse(dataset.dashboardsWords || "{}"),
    texts: dataset, // Such as `dashboardsRetryText`.
    // Seconds by the server's clock; NaN before a stream has sent them.
    now: () => page.startedAt + performance.now() / 1000,
    showTime,
  };

  // A time of day, with its date in a style if there is one, in the page's language and zone, unless this browser does not know the zone.
  function showTime(seconds, dateStyle, timeZone = page.timezone) {
    const { lang } = document.documentElement;
    try {
      const options = { dateStyle: dateStyle || undefined, timeStyle: "medium", timeZone };
      return new Date(1000 * seconds).toLocaleString(lang || undefined, options);
    } catch {
      return showTime(seconds, dateStyle, null);
    }
  }

  window.dashboards = { ...window.dashboards, page };
})();

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
    // As browsers name it: Django's fixed offsets have no colon.
    timeZone: dataset.dashboardsTimezone?.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2"),
    // Addresses are not read from figures: another process, or another release, in which the files
    // have other addresses, may have rendered a figure.
    bundles: JSON.parse(dataset.dashboardsPlotlyBundles || "{}"), // URLs by name.
    plotlyUrl: dataset.dashboardsPlotlyUrl,
    worldUrl: dataset.dashboardsWorldUrl,
    words: JSON.parse(dataset.dashboardsWords || "{}"),
    texts: dataset, // Such as `dashboardsRetryText`.
    // Seconds by the server's clock; NaN before a stream has sent them.
    now: () => page.startedAt + performance.now() / 1000,
    languageOf: (element) => element.closest("[lang]")?.lang || navigator.language,
    showTime,
  };

  // Returns a time of day, with its date in a style if there is one, in the page's language and zone,
  // or in the viewer's zone if this browser does not know that of the page.
  function showTime(seconds, dateStyle, timeZone = page.timeZone) {
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

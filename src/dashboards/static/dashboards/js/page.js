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
    timeZone: zoneOf(dataset.dashboardsTimezone),
    texts: dataset, // Such as `dashboardsRetryText`.
    // Seconds by the server's clock; NaN before a stream has sent them.
    now: () => page.startedAt + performance.now() / 1000,
    // Pages wait for different times, so that they do not all come back in the same moment.
    jitter: (ms) => ms * (0.5 + Math.random()),
    languageOf,
    showTime,
  };

  // Returns a time zone as browsers name it: Django's fixed offsets have no colon. Undefined, and so
  // that of the viewer, if this browser does not know it.
  function zoneOf(name) {
    const timeZone = name?.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
    try {
      return new Intl.DateTimeFormat("en", { timeZone }) && timeZone;
    } catch {}
  }

  // Returns a language that the browser takes: sites also write "en_US", or a name of their own.
  function languageOf(element = document.documentElement) {
    try {
      return Intl.getCanonicalLocales(element.closest("[lang]").lang.replaceAll("_", "-"))[0];
    } catch {
      return navigator.language;
    }
  }

  // Returns a time of day, with its date in a style if there is one, in the page's language and zone.
  function showTime(seconds, dateStyle) {
    const { timeZone } = page;
    const options = { dateStyle: dateStyle || undefined, timeStyle: "medium", timeZone };
    return new Date(1000 * seconds).toLocaleString(languageOf(), options);
  }

  window.dashboards = { ...window.dashboards, page };
})();

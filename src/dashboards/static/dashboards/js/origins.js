// dashboards.explainOrigin: writes to the console why a stream of another origin fails, if its
// server refuses pages of this origin. streams.js loads this script after the second failure.
(() => {
  "use strict";

  const explained = new Set();

  // A script cannot tell a server that refuses this page's origin from one that is down. A request
  // in mode "no-cors", whose answer no script may read, succeeds only if the server is up.
  async function explainOrigin(url) {
    if (explained.has(url)) return;
    const controller = new AbortController();
    const { signal } = controller;
    try {
      const unread = { mode: "no-cors", credentials: "omit", cache: "no-store", signal };
      await fetch(url, unread);
    } catch {
      return; // Down, or forbidden by this page's own policy, which the browser logs.
    } finally {
      controller.abort();
    }
    explained.add(url);
    const { origin, hostname } = location;
    const twin = { localhost: "127.0.0.1", "127.0.0.1": "localhost" }[hostname];
    const elsewhere = twin ? ` (${origin.replace(hostname, twin)}, perhaps)` : "";
    console.error(
      `dashboards: ${url} answers, but not to pages of ${origin}. Set ` +
        `EVENTSTREAM_ALLOW_ORIGIN = "${origin}" in its settings, or open this page at the origin ` +
        `that is set there${elsewhere}.`,
    );
  }

  window.dashboards = { ...window.dashboards, explainOrigin };
})();

// A page that was opened before a deploy reloads itself: its template, scripts and style are older
// than what its server sends now.
//
// The stream contains the server's release (streams.js calls receiveRelease). Pages wait a random
// time, so that not all of them reload in one second, and wait while somebody fills in a field. Each
// reloads once for a release. During a rolling deploy that may load the old page again; the page
// then tries once more, much later.
(() => {
  "use strict";

  const { dashboardsSiteRelease: own, dashboardsReloadJitter: reloadJitter } = document.currentScript.dataset;
  const AGAIN_MS = 600_000; // Before the second reload; each further pause is twice as long.
  const LOOK_MS = 1_000; // Between two checks for fields in use.
  const LONGEST_PAUSE_MS = 60_000; // The longest between two checks for the server.
  const MOST_KEPT = 10; // Releases that are remembered.

  const jitter = (ms) => ms * (0.5 + Math.random());
  const name = () => `dashboards-reloads ${location.pathname}`;

  let received = own;
  let isPlanned = false;

  // Returns when and how often this tab has reloaded this page for each release, the newest last.
  function readReloads() {
    try {
      return JSON.parse(sessionStorage.getItem(name())) ?? [];
    } catch {
      return [];
    }
  }

  function isDue(release) {
    const its = readReloads().find((each) => each.release === release);
    return !its || Date.now() - its.at > AGAIN_MS * 2 ** (its.times - 1);
  }

  // Returns false if nothing can be stored: without that the page might reload for ever.
  function remember(release) {
    const others = readReloads().filter((each) => each.release !== release);
    const times = 1 + (readReloads().find((each) => each.release === release)?.times ?? 0);
    const kept = [...others, { release, times, at: Date.now() }].slice(-MOST_KEPT);
    try {
      sessionStorage.setItem(name(), JSON.stringify(kept));
      return true;
    } catch {
      return false;
    }
  }

  function receiveRelease(release) {
    received = release;
    if (!own || release === own || isPlanned || !isDue(release)) return;
    isPlanned = true;
    setTimeout(() => reload(), 1000 * Number(reloadJitter) * Math.random());
  }

  async function reload(pause = LOOK_MS) {
    // Of two releases that are served at a time it may have received this page's last.
    if (received === own || !isDue(received)) {
      isPlanned = false;
      return;
    }
    const { isPageInUse } = window.dashboards;
    const isFree = !isPageInUse();
    if (isFree && (await isServed(received)) && !isPageInUse()) {
      // No person started this reload: it does not keep them signed in.
      document.cookie = `dashboards-automatic=1; path=${location.pathname}; max-age=5; samesite=strict`;
      if (remember(received)) location.reload();
      return;
    }
    const next = isFree ? Math.min(2 * pause, LONGEST_PAUSE_MS) : LOOK_MS;
    setTimeout(() => reload(next), jitter(next));
  }

  // Returns true if a reload would bring this release. A server that is down or redirects to a login
  // would remove what is shown; a server of the old release, or a cache, would bring the old page.
  async function isServed(release) {
    const headers = { "Dashboards-Automatic": "true" };
    try {
      const response = await fetch(location.href, { headers, cache: "no-store" });
      return response.ok && (await response.text()).includes(`data-dashboards-site-release="${release}"`);
    } catch {
      return false;
    }
  }

  window.dashboards = { ...window.dashboards, receiveRelease };
})();

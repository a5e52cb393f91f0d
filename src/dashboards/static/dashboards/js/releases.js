// A page that was opened before a deploy loads itself anew: its template, scripts and style are older
// than what its server sends now.
//
// Its stream says which release the server has (live.js calls hearRelease). Pages spread, lest all
// of them come in one second, and wait while somebody fills in a field. Each is loaded anew once for
// a release. During a rolling deploy that may bring the old page again: then once more, much later.
(() => {
  "use strict";

  const { dashboardsSiteRelease: own, dashboardsReloadJitter: reloadJitter } = document.currentScript.dataset;
  const AGAIN_MS = 600_000; // Before the second time; each further pause is twice as long.
  const LOOK_MS = 1_000; // Between two looks at whether somebody is at it.
  const LONGEST_PAUSE_MS = 60_000; // Between two looks at whether the server is there.
  const MOST_KEPT = 10; // Releases that are remembered.

  const jitter = (ms) => ms * (0.5 + Math.random());
  const name = () => `dashboards-reloads ${location.pathname}`;

  let heard = own;
  let isPlanned = false;

  // When and how often this tab has loaded this page for a release, the newest last.
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

  // False where nothing can be remembered: the page might load itself for ever.
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

  function hearRelease(release) {
    heard = release;
    if (!own || release === own || isPlanned || !isDue(release)) return;
    isPlanned = true;
    setTimeout(() => reload(), 1000 * Number(reloadJitter) * Math.random());
  }

  async function reload(pause = LOOK_MS) {
    // Of two releases that are served at a time it may have heard this page's last.
    if (heard === own || !isDue(heard)) {
      isPlanned = false;
      return;
    }
    const { isPageInUse } = window.dashboards;
    const isFree = !isPageInUse();
    if (isFree && (await isServed(heard)) && !isPageInUse()) {
      // No person asks for it: it does not keep them signed in.
      document.cookie = `dashboards-automatic=1; path=${location.pathname}; max-age=5; samesite=strict`;
      if (remember(heard)) location.reload();
      return;
    }
    const next = isFree ? Math.min(2 * pause, LONGEST_PAUSE_MS) : LOOK_MS;
    setTimeout(() => reload(next), jitter(next));
  }

  // A server that is not there, or sends people to log in, would take away what is shown. One of the
  // old release, or a cache, would bring the old page again.
  async function isServed(release) {
    const headers = { "Dashboards-Automatic": "true" };
    try {
      const response = await fetch(location.href, { headers, cache: "no-store" });
      return response.ok && (await response.text()).includes(`data-dashboards-site-release="${release}"`);
    } catch {
      return false;
    }
  }

  window.dashboards = { ...window.dashboards, hearRelease };
})();

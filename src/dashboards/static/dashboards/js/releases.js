// A page that was opened before a deploy reloads itself: its template, scripts and style are older
// than what its server sends now.
//
// The stream contains the server's release (streams.js calls receiveRelease). Pages wait a random
// time, so that not all of them reload in one second, and wait while somebody fills in a field.
// Each reloads once for a release. During a rolling deploy that may load the old page again; the
// page then tries once more, much later.
(() => {
  "use strict";

  const { isPageInUse, page } = window.dashboards;
  const { release: own, reloadJitterMs } = page;
  const AGAIN_MS = 600_000; // Before the second reload; each further pause is twice as long.
  const CHECK_MS = 1_000; // Between two checks for fields in use.
  const MAX_PAUSE_MS = 60_000; // Between two checks of the server.
  const MAX_REMEMBERED = 10; // Releases for which this tab has reloaded.

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
    const kept = [...others, { release, times, at: Date.now() }].slice(-MAX_REMEMBERED);
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
    setTimeout(() => reload(), reloadJitterMs * Math.random());
  }

  async function reload(pause = CHECK_MS) {
    // While two releases are served, the stream may meanwhile have named this page's release again.
    if (received === own || !isDue(received)) {
      isPlanned = false;
      return;
    }
    const isFree = !isPageInUse();
    if (isFree && (await isServed(received)) && !isPageInUse()) {
      markAutomatic(location.pathname);
      if (remember(received)) location.reload();
      return;
    }
    const next = isFree ? Math.min(2 * pause, MAX_PAUSE_MS) : CHECK_MS;
    setTimeout(() => reload(next), page.jitter(next));
  }

  // No person opens the page at this path: that does not keep them signed in.
  function markAutomatic(path) {
    document.cookie = `dashboards-automatic=1; path=${path}; max-age=5; samesite=strict`;
  }

  // Returns true if a reload would bring this release. A server that is down or redirects to a
  // login would remove what is shown; a server of the old release, or a cache, would bring the old
  // page.
  async function isServed(release) {
    const headers = { "Dashboards-Automatic": "true" };
    try {
      const response = await fetch(location.href, { headers, cache: "no-store" });
      const html = response.ok ? await response.text() : "";
      return html.includes(`data-dashboards-site-release="${release}"`);
    } catch {
      return false;
    }
  }

  window.dashboards = { ...window.dashboards, markAutomatic, receiveRelease };
})();

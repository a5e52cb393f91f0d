// Slots: the tabs of a browser share its few connections to a host.
//
// A tab without a slot polls and holds no connection, so that the other tabs can load. Where the
// browser has no locks (plain http), the number of connections is not limited.
(() => {
  "use strict";

  const SLOTS = 4; // Browsers allow six connections to a host on HTTP/1.1, for all tabs together.

  const isMultiplexed = () =>
    /^h[23]/.test(performance.getEntriesByType("navigation")[0]?.nextHopProtocol || "");

  // Resolves with `isAcquired`, and with `release()`, which is called when the connection has
  // ended.
  async function acquireSlot(isLimited) {
    const unlimited = { isAcquired: true, release() {} };
    if (!isLimited || !navigator.locks || isMultiplexed()) return unlimited;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const release = await new Promise((resolve) => {
        navigator.locks.request(
          `dashboards-stream-${slot}`,
          { ifAvailable: true },
          (lock) => lock ? new Promise((free) => resolve(free)) : resolve(null),
        ).catch(() => resolve(null));
      });
      if (release) return { isAcquired: true, release };
    }
    return { isAcquired: false, release() {} };
  }

  window.dashboards = { ...window.dashboards, acquireSlot };
})();

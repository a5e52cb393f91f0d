// Streams: dashboards.connectStream(element, receive) opens the stream that `sse-connect` names.
//
// Streams use fetch and not EventSource, which hides the status of an answer: a refusal (401, 403),
// a busy server (503) and a dead connection need different reactions. A stream reconnects with its
// position, closes while the tab is hidden, and is shared by all elements that name the same URL.
(() => {
  "use strict";

  const { EventOrder, EventParser, acquireSlot, loadOnce, page } = window.dashboards;

  const MAX_SILENCE_MS = 20_000; // Without data for so long, or for two beats, a stream is silent.
  const MIN_SILENCE_MS = 5_000; // A busy server may take longer than two polls.
  const FOREIGN_SILENCE_MS = 40_000; // Other servers do not send how often they beat.
  const FIRST_DELAY_MS = 300;
  const MAX_DELAY_MS = 3_000; // Short enough to be back within seconds of a restart.
  const DAY_MS = 86_400_000; // A hidden tab waits until it is shown.

  const streams = new Map();

  class Stream {
    constructor(url, receive) {
      this.url = url;
      this.receive = receive; // Called with each element, event name, text and `clearsState`.
      this.elements = new Set();
      this.lastEventId = "";
      this.retryMs = FIRST_DELAY_MS;
      this.failures = 0;
      this.state = "connecting";
      this.dropped = 0; // Events that were received late or twice.
      this.order = new EventOrder();
    }

    add(element) {
      this.elements.add(element);
      element.dataset.dashboardsLive = this.state;
      this.running ??= this.run();
    }

    show(state) {
      this.state = state;
      for (const element of this.elements) {
        if (element.isConnected) element.dataset.dashboardsLive = state;
        else this.elements.delete(element);
      }
      return this.elements.size > 0;
    }

    // Writes the time of the last data.
    showTime() {
      // A server of another origin does not send its time.
      const now = page.now() || Date.now() / 1000;
      const text = page.showTime(now);
      if (text === this.shownTime) return;
      this.shownTime = text;
      for (const element of this.elements) {
        for (const time of element.querySelectorAll("[data-dashboards-live-since]")) {
          time.dateTime = new Date(1000 * now).toISOString();
          time.textContent = page.showTime(now, time.dataset.dashboardsLiveSince);
        }
      }
    }

    // After how many milliseconds without data the page shows "silent".
    get silenceMs() {
      if (this.beatMs) return Math.min(Math.max(2 * this.beatMs, MIN_SILENCE_MS), MAX_SILENCE_MS);
      const isOurs = new URL(this.url, location.href).pathname.endsWith("/@stream/");
      return isOurs ? MAX_SILENCE_MS : FOREIGN_SILENCE_MS;
    }

    async run() {
      while (this.show(this.state)) {
        if (document.hidden) {
          this.show("paused");
          await this.sleep(DAY_MS);
          continue;
        }
        const outcome = await this.connect();
        if (outcome === "stop") return;
        if (outcome === "failed") this.failures += 1;
        if (document.hidden) continue;
        // A stream that is held open may be back at once, so its first failure is not shown. The
        // first failure of a poll is.
        const unshown = this.beatMs === this.retryMs ? 0 : 1;
        if (this.failures > unshown && this.state !== "silent") this.show("waiting");
        await this.sleep(page.jitter(Math.max(this.retryMs, this.backoff())));
      }
      streams.delete(this.url);
    }

    backoff() {
      return this.failures ? Math.min(FIRST_DELAY_MS * 2 ** (this.failures - 1), MAX_DELAY_MS) : 0;
    }

    // Waits, but ends early if the network is back or the tab is shown or hidden.
    sleep(ms) {
      return new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          removeEventListener("online", done);
          document.removeEventListener("visibilitychange", done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        addEventListener("online", done);
        document.addEventListener("visibilitychange", done);
      });
    }

    // One connection, from opening to its end: "ended", "failed" or "stop".
    async connect() {
      const controller = new AbortController();
      const abort = () => controller.abort();
      const hide = () => document.hidden && abort();
      const onSilence = () => {
        this.show("silent");
        abort();
      };
      let watchdog = setTimeout(onSilence, this.silenceMs);
      document.addEventListener("visibilitychange", hide);
      addEventListener("pagehide", abort);
      addEventListener("offline", abort);
      const slot = await acquireSlot(this.sameOrigin());
      let response;
      Object.assign(this, { refused: false, events: 0, order: new EventOrder() });
      try {
        response = await fetch(this.request(slot.isAcquired, controller.signal));
        const { status } = response;
        if (status === 204) return this.stop("closed");
        if (status === 401 || status === 403) return this.stop("refused");
        const type = response.headers.get("Content-Type") || "";
        if (!response.ok || !type.startsWith("text/event-stream")) {
          const seconds = Number(response.headers.get("Retry-After"));
          if (seconds > 0) await this.sleep(page.jitter(1000 * Math.min(seconds, 60)));
          return "failed";
        }
        this.failures = 0;
        this.show("open");
        const parser = new EventParser(this);
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return "ended";
          parser.feed(value);
          if (!this.isStale) this.showTime();
          clearTimeout(watchdog);
          watchdog = setTimeout(onSilence, this.silenceMs);
          if (this.refused) {
            abort();
            // If the stream was open before, access may have changed, such as by a logout in
            // another tab: connect again, and the server decides for the user of now.
            return this.events ? "ended" : this.stop("refused");
          }
          if (!this.show(this.isStale ? "silent" : "open")) abort();
        }
      } catch {
        if (document.hidden) return "ended";
        if (!response && !controller.signal.aborted && this.failures) this.explain();
        return "failed";
      } finally {
        clearTimeout(watchdog);
        slot.release();
        document.removeEventListener("visibilitychange", hide);
        removeEventListener("pagehide", abort);
        removeEventListener("offline", abort);
      }
    }

    stop(state) {
      this.show(state);
      streams.delete(this.url);
      return "stop";
    }

    // Tells a developer why a stream of another origin may be refused.
    async explain() {
      if (this.sameOrigin()) return;
      await loadOnce(page.texts.dashboardsOriginsUrl);
      window.dashboards.explainOrigin(this.url);
    }

    sameOrigin() {
      return new URL(this.url, location.href).origin === location.origin;
    }

    request(hold, signal) {
      const url = new URL(this.url, location.href);
      const headers = { Accept: "text/event-stream" };
      if (this.sameOrigin()) {
        if (!hold) url.searchParams.set("hold", "0");
        if (this.lastEventId) headers["Last-Event-ID"] = this.lastEventId;
      } else if (this.lastEventId) {
        // Across origins the header would need a preflight, which event servers do not answer.
        url.searchParams.set("lastEventId", this.lastEventId);
      }
      return new Request(url, { headers, signal, cache: "no-store", credentials: "same-origin" });
    }

    dispatch(event, data, id, version) {
      const text = data.join("\n");
      if (event === "stream-error") {
        // django-eventstream refuses by an event, not by a status. Its id is not a position.
        console.error(`dashboards: ${this.url} refused: ${text}`);
        this.refused = true;
        return;
      }
      this.events += 1;
      // The server has no news itself: it cannot reach its store.
      this.isStale = event === "dashboards:stale";
      // Do not reconnect from a position that was received late.
      if (id !== undefined && this.order.accept("id:", id)) this.lastEventId = id;
      if (!data.length) return;
      const key = event.replace(/:(append|state)$/, "");
      const isState = event.endsWith(":state");
      if (version && !this.isNewer(key, isState, version)) return;
      const clearsState = !isState && this.order.at(`${key}:state`) <= this.order.at(key);
      for (const element of this.elements) {
        if (element.isConnected) this.receive(element, event, text, clearsState);
      }
    }

    // Returns true if an event is newer than what the page shows of its key, and counts the others.
    isNewer(key, isState, version) {
      const isNewest = this.order.accept(isState ? `${key}:state` : key, version);
      if (isNewest && !(isState && this.order.at(`${key}:state`) < this.order.at(key))) return true;
      this.dropped += 1;
      for (const element of this.elements) element.dataset.dashboardsLiveDropped = this.dropped;
      return false;
    }
  }

  function connectStream(element, receive) {
    const url = element.getAttribute("sse-connect");
    if (!url) return;
    if (!streams.has(url)) streams.set(url, new Stream(url, receive));
    streams.get(url).add(element);
  }

  window.dashboards = { ...window.dashboards, connectStream };
})();

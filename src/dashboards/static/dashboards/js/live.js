// Live state to the page: `sse-connect` opens one stream, `sse-swap` says which event an element shows.
//
// One mechanism owns every stream: fetch, so that a refusal (401, 403), a busy server (503) and a
// dead pipe can be told apart, which EventSource hides. It reconnects with its position, lets go
// while nobody looks, and shares one stream among the elements that name the same URL. htmx swaps.
(() => {
  "use strict";

  const { trust } = window.dashboards;
  const MOST_SILENCE_MS = 20_000; // Nothing for so long, or for two of the server's beats: no news.
  const LEAST_SILENCE_MS = 5_000; // A busy server may take longer than two polls.
  const FOREIGN_SILENCE_MS = 40_000; // A stream of another make does not say when it beats.
  const FIRST_DELAY_MS = 300;
  const MAX_DELAY_MS = 3_000; // Short enough to be back within seconds of a restart.
  const SLOTS = 4; // Browsers allow six connections a host on HTTP/1.1, for all tabs together.

  const jitter = (ms) => ms * (0.5 + Math.random());

  // ---- The wire format: WHATWG HTML, "Parsing an event stream" ----

  class Parser {
    constructor(stream) {
      Object.assign(this, { stream, rest: "" });
      this.begin();
    }

    begin() {
      Object.assign(this, { event: "", data: [], id: undefined, version: undefined });
    }

    feed(text) {
      // A CR at the end may be half of a CRLF: it waits for what follows.
      const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
      this.rest = lines.pop();
      lines.forEach((line) => this.line(line));
    }

    line(line) {
      if (line === "") return this.end();
      const colon = line.indexOf(":");
      if (colon === 0) return; // a comment
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "data") this.data.push(value);
      else if (field === "event") this.event = value;
      else if (field === "id" && !value.includes("\0")) this.id = value;
      else if (field === "retry" && /^\d+$/.test(value)) this.stream.retryMs = Number(value);
      // Three fields of ours, which other clients ignore.
      else if (field === "beat" && Number(value) > 0) this.stream.beatMs = 1000 * Number(value);
      else if (field === "version") this.version = value;
      else if (field === "release" && this.stream.sameOrigin()) window.dashboards.hearRelease?.(value);
    }

    end() {
      const { event, data, id, version } = this;
      this.begin();
      if (data.length || id !== undefined) this.stream.dispatch(event || "message", data, id, version);
    }
  }

  // What one connection has brought. Whatever comes on it again or late, as it may through a proxy,
  // is older than what the page shows: it is dropped. A position is an epoch and a version in it.
  class Order {
    constructor() {
      Object.assign(this, { epoch: "", left: new Set(), newest: new Map() });
    }

    // Notes a position under a name: false if the name has a newer one, or its epoch is over.
    takes(name, position) {
      const [, epoch, digits] = /^(\w+)\.(\d+)$/.exec(position) ?? [];
      if (!epoch) return true; // Of another make.
      if (this.left.has(epoch)) return false;
      if (epoch !== this.epoch) {
        if (this.epoch) this.left.add(this.epoch);
        this.epoch = epoch;
        this.newest.clear();
      }
      const version = Number(digits);
      if (version < this.at(name)) return false;
      this.newest.set(name, version);
      return true;
    }

    at(name) {
      return this.newest.get(name) ?? 0;
    }
  }

  // ---- A stream: one connection for all elements that name its URL ----

  const streams = new Map();

  class Stream {
    constructor(url) {
      this.url = url;
      this.elements = new Set();
      this.lastEventId = "";
      this.retryMs = FIRST_DELAY_MS;
      this.failures = 0;
      this.state = "connecting";
      this.dropped = 0; // Events that came late or again.
      this.heardAt = new Date();
      this.order = new Order();
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
      if (state === "silent") this.showSince();
      return this.elements.size > 0;
    }

    // Says since when there is no news, in the page's language.
    showSince() {
      const { lang } = document.documentElement;
      const text = new Intl.DateTimeFormat(lang || undefined, { timeStyle: "medium" }).format(this.heardAt);
      for (const element of this.elements) {
        for (const time of element.querySelectorAll("[data-dashboards-live-since]")) {
          time.dateTime = this.heardAt.toISOString();
          time.textContent = text;
        }
      }
    }

    // How long nothing may be heard until the page says so.
    get silenceMs() {
      if (this.beatMs) return Math.min(Math.max(2 * this.beatMs, LEAST_SILENCE_MS), MOST_SILENCE_MS);
      const isOurs = new URL(this.url, location.href).pathname.endsWith("/@stream/");
      return isOurs ? MOST_SILENCE_MS : FOREIGN_SILENCE_MS;
    }

    async run() {
      while (this.show(this.state)) {
        if (document.hidden) {
          this.show("paused");
          await this.visible();
          continue;
        }
        const outcome = await this.connect();
        if (outcome === "stop") return;
        if (outcome === "failed") this.failures += 1;
        if (document.hidden) continue;
        // A held stream that ends may be back at once; of a poll that fails it is said.
        const patience = this.beatMs === this.retryMs ? 0 : 1;
        if (this.failures > patience && this.state !== "silent") this.show("waiting");
        await this.sleep(jitter(Math.max(this.retryMs, this.backoff())));
      }
      streams.delete(this.url);
    }

    backoff() {
      return this.failures ? Math.min(FIRST_DELAY_MS * 2 ** (this.failures - 1), MAX_DELAY_MS) : 0;
    }

    // Resolves when the tab is looked at.
    visible() {
      return new Promise((resolve) => {
        const look = () => {
          if (document.hidden) return;
          document.removeEventListener("visibilitychange", look);
          resolve();
        };
        document.addEventListener("visibilitychange", look);
        look();
      });
    }

    // Waits, but not past the moment at which trying again makes sense.
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
      const giveUp = () => {
        this.show("silent");
        abort();
      };
      let watchdog = setTimeout(giveUp, this.silenceMs);
      document.addEventListener("visibilitychange", hide);
      addEventListener("pagehide", abort);
      addEventListener("offline", abort);
      const slot = await takeSlot(this.sameOrigin());
      let response;
      Object.assign(this, { refused: false, events: 0, order: new Order() });
      try {
        response = await fetch(this.request(slot.taken, controller.signal));
        if (response.status === 204 || response.status === 401 || response.status === 403) {
          return this.stop(response.status === 204 ? "closed" : "refused");
        }
        const type = response.headers.get("Content-Type") || "";
        if (!response.ok || !type.startsWith("text/event-stream")) {
          const seconds = Number(response.headers.get("Retry-After"));
          if (seconds > 0) await this.sleep(jitter(1000 * Math.min(seconds, 60)));
          return "failed";
        }
        this.failures = 0;
        this.heardAt = new Date();
        this.show("open");
        const parser = new Parser(this);
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return "ended";
          parser.feed(value);
          this.heardAt = new Date();
          clearTimeout(watchdog);
          watchdog = setTimeout(giveUp, this.silenceMs);
          if (this.refused) {
            abort();
            // A stream that was open is refused where access may have changed, such as by a logout
            // elsewhere: asked again, the server says who this page is now.
            return this.events ? "ended" : this.stop("refused");
          }
          if (!this.show("open")) abort();
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

    // To a script, a server that refuses this page's origin looks like one that is dead. A request
    // whose answer nobody may read tells them apart.
    async explain() {
      if (this.explained || this.sameOrigin()) return;
      const controller = new AbortController();
      const { signal } = controller;
      try {
        const unread = { mode: "no-cors", credentials: "omit", cache: "no-store", signal };
        await fetch(this.url, unread);
      } catch {
        return; // Dead, or forbidden by this page's own policy, of which the browser tells.
      } finally {
        controller.abort();
      }
      this.explained = true;
      const { origin, hostname } = location;
      const twin = { localhost: "127.0.0.1", "127.0.0.1": "localhost" }[hostname];
      const elsewhere = twin ? ` (${origin.replace(hostname, twin)}, perhaps)` : "";
      console.error(
        `dashboards: ${this.url} answers, but not to pages of ${origin}. In the settings of the ` +
          `site set EVENTSTREAM_ALLOW_ORIGIN = "${origin}", or open this page by the name that ` +
          `is set there${elsewhere}.`,
      );
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
      const text = fitToPage(data.join("\n"));
      if (event === "stream-error") {
        // What others say by their status, django-eventstream says in an event. Its id is none.
        console.error(`dashboards: ${this.url} refused: ${text}`);
        this.refused = true;
        return;
      }
      this.events += 1;
      // A late position is no place to go on from.
      if (id !== undefined && this.order.takes("id:", id)) this.lastEventId = id;
      if (!data.length) return;
      const key = event.replace(/:(append|state)$/, "");
      const isState = event.endsWith(":state");
      if (version && !this.isNews(key, isState, version)) return;
      const clears = !isState && this.order.at(`${key}:state`) <= this.order.at(key);
      for (const element of this.elements) {
        if (!element.isConnected) continue;
        const targets = element.querySelectorAll("[sse-swap], [sse-refresh]");
        for (const target of [element, ...targets]) {
          if (target.closest("[sse-connect]") === element) take(target, event, text, clears);
        }
      }
    }

    // Whether an event is newer than what the page shows of its key; counts those that are not.
    isNews(key, isState, version) {
      const isNewest = this.order.takes(isState ? `${key}:state` : key, version);
      if (isNewest && !(isState && this.order.at(`${key}:state`) < this.order.at(key))) return true;
      this.dropped += 1;
      for (const element of this.elements) element.dataset.dashboardsLiveDropped = this.dropped;
      return false;
    }
  }

  // A tab that gets none of the browser's few connections asks again and again instead of holding
  // one, so that the other tabs can load. Where there are no locks (plain http), nothing is limited.
  const multiplexed = () =>
    /^h[23]/.test(performance.getEntriesByType("navigation")[0]?.nextHopProtocol || "");

  async function takeSlot(limited) {
    if (!limited || !navigator.locks || multiplexed()) return { taken: true, release() {} };
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const release = await new Promise((resolve) => {
        navigator.locks.request(
          `dashboards-stream-${slot}`,
          { ifAvailable: true },
          (lock) => lock ? new Promise((free) => resolve(free)) : resolve(null),
        ).catch(() => resolve(null));
      });
      if (release) return { taken: true, release };
    }
    return { taken: false, release() {} };
  }

  // ---- What the page shows ----

  const arrivals = new WeakMap(); // When an element last took an update from its stream.
  const tags = new WeakMap(); // What an element that loads itself was last answered: its ETag.

  const names = (target, attribute, event) =>
    target.getAttribute(attribute)?.split(",").some((name) => name.trim() === event);

  // Frames are rendered for every page: a placeholder stands where a page's script prefix comes.
  const fitToPage = (text) => {
    if (!text.includes("/@dashboards@/")) return text;
    const prefix = document.querySelector("[data-dashboards-prefix]")?.dataset.dashboardsPrefix;
    return text.replaceAll("/@dashboards@/", prefix || "/");
  };

  // A frame says which release rendered it. One of another structure would be shown half.
  const isOfThisRelease = ({ dataset: { dashboardsRelease: release } }, text) => {
    const made = /^<!--dashboards (\w+)\./.exec(text)?.[1];
    return !made || !release || made === release;
  };

  function take(target, event, text, clears) {
    const key = event.replace(/:(append|state)$/, "");
    if (names(target, "sse-refresh", event)) refresh(target);
    if (!names(target, "sse-swap", key) || !isOfThisRelease(target, text)) return;
    const isState = event.endsWith(":state");
    if (isState || clears) window.dashboards?.showState?.(target, isState ? text : "");
    if (isState) return;
    arrivals.set(target, performance.now());
    tags.set(target, ""); // It no longer shows what it was last answered.
    // Whoever prevents this takes the event: a chart whose figure comes as JSON. `message` is there
    // for listeners that were written for htmx's own extension.
    const message = { event, data: text };
    const free = htmx.trigger(target, "htmx:before:sse:message", { ...message, message });
    if (!free || message.cancelled) return;
    if (key !== event) return append(target, text);
    if (viewUrlOf(target) || filterFormsOf(target).some((each) => each.dataset.dashboardsViewUrl)) {
      return refresh(target);
    }
    const style = target.getAttribute("hx-swap") || "innerMorph";
    htmx.swap({ text: inside(target, text), target, sourceElement: target, swap: style });
  }

  // A component that was rendered by its own template comes with the very element that it shall
  // fill. What is inside is taken, lest each update stand one element deeper than the last.
  function inside(target, text) {
    if (!text.includes("sse-swap")) return text;
    const news = document.createElement("template");
    news.innerHTML = trust.createHTML(text);
    const opens = (element) => element.hasAttribute("sse-connect");
    const stream = (element) => element.closest("[sse-connect]")?.getAttribute("sse-connect");
    const itself = [...news.content.querySelectorAll("[sse-swap]")].find(
      (each) =>
        each.getAttribute("sse-swap") === target.getAttribute("sse-swap") &&
        ((opens(each) && opens(target)) || [undefined, stream(target)].includes(stream(each))),
    );
    return itself ? itself.innerHTML : text;
  }

  // Points of a series, each numbered: one that is there already (a batch that was cut and came
  // again, a value loaded meanwhile) is not taken twice, and the oldest leave the window.
  function append(target, text) {
    const known = target.querySelectorAll(":scope > [data-dashboards-point]");
    const last = Number(known[known.length - 1]?.dataset.dashboardsPoint ?? 0);
    const news = document.createElement("template");
    news.innerHTML = trust.createHTML(text);
    const points = [...news.content.children].filter(({ dataset }) => Number(dataset.dashboardsPoint) > last);
    target.append(...points);
    const surplus = known.length + points.length - Number(target.dataset.dashboardsMaxPoints || Infinity);
    [...known, ...points].slice(0, Math.max(surplus, 0)).forEach((point) => point.remove());
  }

  // The value depends on the viewer: load it, but not in the same instant as all the others.
  const refreshing = new WeakSet();

  function refresh(target) {
    if (refreshing.has(target)) return;
    refreshing.add(target);
    setTimeout(() => {
      refreshing.delete(target);
      if (!target.isConnected) return;
      const own = viewUrlOf(target);
      if (!own) return htmx.trigger(target, "dashboards:refresh", {}, false);
      htmx.ajax("GET", own, { target, source: target, swap: "innerMorph" });
    }, Math.random() * Number(target.dataset.dashboardsJitter || 0));
  }

  // What a viewer may sort and page says its key. Once they have, it also says where their view is
  // loaded from: what is sent to everybody would take it away.
  const shapedIn = (target) => target.querySelector(":scope > [data-dashboards-key]");
  const viewUrlOf = (target) => shapedIn(target)?.dataset.dashboardsViewUrl;

  // The forms that narrow a component, wherever they stand. The page may show its dashboard in parts.
  function filterFormsOf(target) {
    const keys = target.dataset.dashboardsDependsOn?.split(" ") ?? [];
    const scope = target.closest(".dashboards-dashboard[id]") ?? document;
    const find = (key) => scope.querySelector(`form[data-dashboards-key="${key}"]`);
    return keys.map(find).filter(Boolean);
  }

  // Puts the viewer's own wishes, and no older ones, into an address.
  function withViewState(address, { dashboardsKey, dashboardsViewUrl }) {
    const url = new URL(address, location.href);
    const isOwn = (name) => name.startsWith(`${dashboardsKey}-`);
    for (const name of new Set(url.searchParams.keys())) {
      if (isOwn(name)) url.searchParams.delete(name);
    }
    for (const [name, value] of new URL(dashboardsViewUrl || "", location.origin).searchParams) {
      if (isOwn(name)) url.searchParams.append(name, value);
    }
    return url;
  }

  // The page's address says them, so that it can be linked and reloaded.
  function showInAddress(target) {
    const content = shapedIn(target);
    if (!content) return;
    const page = withViewState(location.href, content.dataset);
    if (page.href !== location.href) history.replaceState(history.state, "", page);
  }

  // Whoever sorts, searches or sends something is told when that fails; what is shown stays.
  function showFailed(element, isFailed) {
    const asking = element.closest?.("form[data-dashboards-form], .dashboards-rows");
    const message = asking?.querySelector(":scope > .dashboards-failed");
    if (message) message.hidden = !isFailed;
  }

  function connect(element) {
    const url = element.getAttribute("sse-connect");
    if (!url) return;
    if (!streams.has(url)) streams.set(url, new Stream(url));
    streams.get(url).add(element);
  }

  function connectAll(root) {
    connect(root);
    root.querySelectorAll("[sse-connect]").forEach(connect);
  }

  // Takes the name of htmx's own extension, which would open a second stream on `sse-connect`.
  htmx.registerExtension("sse", {
    init: (api) => api.initSecurity?.(trust),
    htmx_after_process: connectAll,
    htmx_config_request(element, { ctx }) {
      // What the server would say again (304) is not swapped in: it could only take away what has
      // come by an event meanwhile.
      const tag = tags.get(element) ?? element.dataset.dashboardsEtag;
      if (tag) ctx.request.headers["If-None-Match"] = tag;
      // What no person did (a poll, a refresh) does not keep them signed in.
      if (!ctx.sourceEvent?.isTrusted) ctx.request.headers["Dashboards-Automatic"] = "true";
    },
    htmx_before_request(element, { ctx }) {
      ctx.dashboardsAsked = performance.now();
      showFailed(element, false);
      // A box that loads itself keeps the viewer's wishes. Said only now: while it waited for
      // another request, they may have sorted.
      const content = element === ctx.target && ctx.request.method === "GET" && shapedIn(element);
      const wishes = ctx.target instanceof Element ? filterFormsOf(ctx.target) : [];
      for (const { dataset } of content ? [...wishes, content] : wishes) {
        ctx.request.action = withViewState(ctx.request.action, dataset).href;
      }
    },
    htmx_response_error(element, { ctx }) {
      if (ctx.response.status !== 422) showFailed(element, true); // A form's own errors are shown.
    },
    htmx_error: (element) => showFailed(element, true),
    htmx_after_request(element, { ctx }) {
      const tag = ctx.response.headers.get("ETag");
      if (tag && "dashboardsEtag" in element.dataset) tags.set(element, tag);
    },
    // What was computed before an update arrived must not overwrite it.
    htmx_before_swap(element, { ctx }) {
      if (ctx.dashboardsAsked === undefined) return true;
      const shown = [ctx.target, ...ctx.target.querySelectorAll("[sse-swap]")];
      if (!shown.some((each) => arrivals.get(each) > ctx.dashboardsAsked)) return true;
      // Unless the viewer has asked for another view: it is shown, and then its newest.
      if (element === ctx.target || !ctx.target.contains(element)) return false;
      refresh(ctx.target);
      return true;
    },
    htmx_after_swap(element, { ctx }) {
      if (ctx.target instanceof Element) showInAddress(ctx.target);
    },
    htmx_before_morph_attr(element, { attrName }) {
      // Nor must an answer overwrite what somebody is typing; and how the stream is, the server
      // does not know.
      return attrName !== "data-dashboards-live" && !(attrName === "value" && element === document.activeElement);
    },
  });

  // htmx may have processed the document before this script ran.
  if (document.readyState !== "loading") connectAll(document.body);
})();

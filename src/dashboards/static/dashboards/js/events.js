// The wire format of a stream: EventParser turns text into events, EventOrder tells which are new.
//
// The format is that of WHATWG HTML, "Parsing an event stream", with four fields of this package:
// `beat`, `now`, `version` and `release`. Other clients ignore them.
(() => {
  "use strict";

  const { page } = window.dashboards;

  class EventParser {
    constructor(stream) {
      Object.assign(this, { stream, rest: "" });
      this.begin();
    }

    begin() {
      Object.assign(this, { event: "", data: [], id: undefined, version: undefined });
    }

    feed(text) {
      // A CR at the end may be the first half of a CRLF, so it is kept for the next chunk.
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
      // The four fields of this package.
      else if (field === "beat" && Number(value) > 0) this.stream.beatMs = 1000 * Number(value);
      else if (field === "version") this.version = value;
      else if (field === "now" && this.stream.sameOrigin()) {
        page.startedAt = Number(value) - performance.now() / 1000;
      }
      else if (field === "release" && this.stream.sameOrigin()) {
        window.dashboards.receiveRelease?.(value);
      }
    }

    end() {
      const { event, data, id, version } = this;
      this.begin();
      if (!data.length && id === undefined) return;
      this.stream.dispatch(event || "message", data, id, version);
    }
  }

  // The newest position of each name that one connection has received. A proxy may send an event
  // twice or late; such an event is older than what the page shows, and is dropped. A position is
  // an epoch and a version in that epoch.
  class EventOrder {
    constructor() {
      Object.assign(this, { epoch: "", left: new Set(), newest: new Map() });
    }

    // Stores a position of a name. Returns false if a newer one is stored or the epoch is over.
    accept(name, position) {
      const [, epoch, digits] = /^(\w+)\.(\d+)$/.exec(position) ?? [];
      if (!epoch) return true; // Not sent by this package.
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

  window.dashboards = { ...window.dashboards, EventOrder, EventParser };
})();

// dashboards.Drawing: the base class of custom elements that draw a value in JSON.
//
// An element contains its value in a <script type="application/json">, and beside that a
// <div hx-morph-skip> in which it draws. An update replaces the JSON, and draw() is called at most
// once for each animation frame. It is called again when the page turns light or dark.
//
//     class Bars extends dashboards.Drawing {
//       draw(value, surface) { … }
//     }
//     customElements.define("shop-bars", Bars);
(() => {
  "use strict";

  const AREAS = new Set(["page", "surface", "track"].map((name) => `--dashboards-${name}`));
  const connected = new Set(); // The drawings on the page.
  const redrawAll = () => connected.forEach((each) => each.schedule());

  // The theme comes from the system, or from an attribute of <html> or <body>.
  const isDark = matchMedia("(prefers-color-scheme: dark)");
  const hasForcedColors = matchMedia("(forced-colors: active)");
  for (const query of [isDark, hasForcedColors]) query.addEventListener("change", redrawAll);
  const themeObserver = new MutationObserver(redrawAll);
  const themeAttributes = ["class", "style", "data-dashboards-theme", "data-theme", "data-bs-theme"];

  function observeTheme() {
    for (const element of [document.documentElement, document.body]) {
      themeObserver.observe(element, { attributes: true, attributeFilter: themeAttributes });
    }
  }

  // A paper is light and has its own width. Drawings that load nothing more are drawn before the
  // browser prints: between an event and the printing, it runs what awaits nothing.
  function print(isPrinting) {
    document.documentElement.classList.toggle("dashboards-printing", isPrinting);
    connected.forEach((each) => each.redraw());
  }

  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));

  // Returns a colour of CSS as red, green and blue, which every library reads. One that was mixed, or
  // is in another colour space, such as "oklch(0.7 0.1 200)", is painted and read.
  function asRgb(color) {
    if (color.startsWith("rgb")) return color;
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return `rgba(${red}, ${green}, ${blue}, ${alpha / 255})`;
  }

  class Drawing extends HTMLElement {
    #colors = new Map(); // By name, a colour and what it was computed from.

    // The element to draw in.
    get surface() {
      return this.querySelector(":scope > [hx-morph-skip]");
    }

    // The element with the value.
    get source() {
      return this.querySelector(':scope > script[type="application/json"]');
    }

    connectedCallback() {
      if (!connected.size) observeTheme();
      connected.add(this);
      this.updates ??= new MutationObserver((records) => {
        const isOfValue = ({ target }) =>
          target === this || target === this.parentElement || target.localName === "script";
        if (records.some(isOfValue)) this.schedule();
      });
      this.updates.observe(this, { childList: true, subtree: true, characterData: true });
      // The points of a series are beside the element.
      this.updates.observe(this.parentElement, { childList: true });
      // A hidden element, as in a closed tab, has no size. It is drawn when it gets one.
      this.sizes ??= new ResizeObserver(() => {
        if (this.isShown && this.drawnSize !== this.size) this.schedule();
      });
      this.sizes.observe(this);
      this.schedule();
    }

    // False if the element or one around it is hidden.
    get isShown() {
      return this.getClientRects().length > 0;
    }

    // It is drawn again when this changes. A drawing may have a height of its own.
    get size() {
      return String(this.offsetWidth);
    }

    // "loading", "drawn" or "failed", for CSS: dashboard-chart:state(drawn). An attribute would be
    // removed by the next update.
    set state(name) {
      const { states } = (this.internals ??= this.attachInternals());
      states?.clear();
      states?.add(name);
    }

    disconnectedCallback() {
      this.updates.disconnect();
      this.sizes.disconnect();
      connected.delete(this);
      // An element that is moved within the page is connected again at once, and keeps its drawing.
      queueMicrotask(() => {
        if (!this.isConnected && this.surface) this.erase(this.surface);
      });
    }

    schedule() {
      this.frame ??= requestAnimationFrame(() => this.redraw());
    }

    async redraw() {
      try {
        const value = this.source ? JSON.parse(this.source.textContent) : undefined;
        if (value !== undefined) this.describe(value);
        if (!this.isShown) {
          this.frame = undefined;
          this.drawnSize = undefined;
          return; // The observer of its size calls again.
        }
        await this.prepare(value);
        this.frame = undefined;
        const { source, surface } = this;
        if (!source || !surface || !this.isShown) return;
        this.drawnSize = this.size;
        await this.draw(JSON.parse(source.textContent), surface);
        this.state = "drawn";
      } catch (error) {
        this.frame = undefined;
        this.state = "failed";
        this.fail();
        console.error(`dashboards: a <${this.localName}> could not be drawn.`, error);
      }
    }

    // ---- Methods that a subclass may override ----

    // Writes the value as text beside the drawing. Called before draw(), and for hidden elements,
    // too.
    describe(_value) {}

    // Called if drawing failed. CSS shows a message.
    fail() {}

    // Awaited before draw(): a subclass may load a library here. The value may be replaced
    // meanwhile.
    async prepare(_value) {}

    // Draws the value in the surface, which may contain the previous drawing.
    draw(_value, _surface) {}

    // Frees what the drawing holds. Called after the element was removed from the page.
    erase(_surface) {}

    // ---- Helpers for subclasses ----

    // Shows a message that there is nothing to draw, or removes it.
    set isEmpty(isEmpty) {
      const name = "data-dashboards-empty";
      if (this.hasAttribute(name) !== isEmpty) this.toggleAttribute(name, isEmpty);
    }

    // Returns a colour of the page as it is in this element: color("--dashboards-accent") is such
    // as "rgb(0, 90, 200)"; undefined if the property is not set.
    color(name) {
      const style = getComputedStyle(this);
      const text = style.getPropertyValue(name).trim();
      if (!text) return undefined;
      // A chart asks for two dozen colours each time it is drawn. To compute one changes the page,
      // which would compute its styles anew for each.
      const key = [text, style.colorScheme, style.color, isDark.matches].join();
      const known = this.#colors.get(name);
      if (known?.key === key && !hasForcedColors.matches) return known.color;
      const color = this.#compute(name);
      if (!hasForcedColors.matches) this.#colors.set(name, { key, color });
      return color;
    }

    // The property may contain light-dark() or another property: a probe has the computed colour.
    #compute(name) {
      const probe = document.createElement("i");
      probe.hidden = true;
      probe.style.color = `var(${name})`;
      probe.style.backgroundColor = `var(${name})`;
      // With forced colours all lines would have one colour, and all areas that of the text.
      const isKept = name.startsWith("--dashboards-chart-");
      probe.style.forcedColorAdjust = isKept ? "none" : "auto";
      (this.surface ?? this).append(probe);
      const { backgroundColor, color: text } = getComputedStyle(probe);
      const color = asRgb(AREAS.has(name) ? backgroundColor : text);
      probe.remove();
      return color;
    }
  }

  window.dashboards = { ...window.dashboards, Drawing, asRgb };
})();

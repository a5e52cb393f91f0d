// dashboards.Drawing: the base of custom elements that draw what their JSON says.
//
// An element holds its value in a <script type="application/json"> and what was drawn of it beside
// that, in a <div hx-morph-skip>. An update replaces the JSON; draw() shows it in place, at most once a
// frame. It is called again when the page turns light or dark.
//
//     class Bars extends dashboards.Drawing {
//       draw(value, surface) { … }
//     }
//     customElements.define("shop-bars", Bars);
(() => {
  "use strict";

  const drawings = new Set(); // Those on the page.
  const restyle = () => drawings.forEach((each) => each.schedule());

  // A page has its theme from the system, or from what it says on its first two elements.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
  const themes = new MutationObserver(restyle);
  const said = { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-bs-theme"] };

  function watchThemes() {
    for (const element of [document.documentElement, document.body]) themes.observe(element, said);
  }

  class Drawing extends HTMLElement {
    // Where to draw.
    get surface() {
      return this.querySelector(":scope > [hx-morph-skip]");
    }

    get source() {
      return this.querySelector(':scope > script[type="application/json"]');
    }

    connectedCallback() {
      if (!drawings.size) watchThemes();
      drawings.add(this);
      this.updates ??= new MutationObserver((records) => {
        const ours = ({ target }) => target === this || target === this.parentElement;
        if (records.some((each) => ours(each) || each.target.localName === "script")) {
          this.schedule();
        }
      });
      this.updates.observe(this, { childList: true, subtree: true, characterData: true });
      // The points of a series stand beside it.
      this.updates.observe(this.parentElement, { childList: true });
      // What is hidden, as in a closed tab, has no size: it is drawn once it has one.
      this.sizes ??= new ResizeObserver(() => {
        if (this.isShown && this.drawnWidth !== this.offsetWidth) this.schedule();
      });
      this.sizes.observe(this);
      this.schedule();
    }

    // False inside of what is hidden.
    get isShown() {
      return this.getClientRects().length > 0;
    }

    // One of "loading", "drawn" and "failed", for CSS: dashboard-chart:state(drawn). It is no
    // attribute, which the next update would take away.
    set state(name) {
      const { states } = (this.internals ??= this.attachInternals());
      states?.clear();
      states?.add(name);
    }

    disconnectedCallback() {
      this.updates.disconnect();
      this.sizes.disconnect();
      drawings.delete(this);
      // Moved within the page, it is connected again at once; taken out, it frees what it holds.
      queueMicrotask(() => {
        if (!this.isConnected && this.surface) this.erase(this.surface);
      });
    }

    schedule() {
      this.frame ??= requestAnimationFrame(() => this.redraw());
    }

    async redraw() {
      try {
        if (this.source) this.describe(JSON.parse(this.source.textContent));
        if (!this.isShown) {
          this.frame = undefined;
          return; // The observer of its size calls again.
        }
        await this.prepare();
        this.frame = undefined;
        const { source, surface } = this;
        if (!source || !surface || !this.isShown) return;
        this.drawnWidth = this.offsetWidth;
        await this.draw(JSON.parse(source.textContent), surface);
        this.state = "drawn";
      } catch (error) {
        this.frame = undefined;
        this.state = "failed";
        this.fail();
        console.error(`dashboards: a <${this.localName}> could not be drawn.`, error);
      }
    }

    // For elements of your own.

    // Says the value in words, before and beside what is drawn. Called for what is hidden, too.
    describe(_value) {}

    // It could not be drawn; words of that are shown by CSS.
    fail() {}

    // Awaited before draw(), such as for a library to be loaded.
    async prepare() {}

    // Shows the value, whatever is shown already.
    draw(_value, _surface) {}

    // The element has left the page.
    erase(_surface) {}

    // Says in words that there is nothing to draw, or not.
    set isEmpty(is) {
      if (this.hasAttribute("data-dashboards-empty") !== is) this.toggleAttribute("data-dashboards-empty", is);
    }

    // A colour of the page, such as color("--dashboards-accent"), as it is in this place.
    color(name) {
      const style = getComputedStyle(this);
      if (!style.getPropertyValue(name).trim()) return undefined;
      // What the property says may be light-dark() or of another property: ask what comes of it.
      this.probe ??= document.createElement("i");
      this.probe.hidden = true;
      this.probe.style.color = `var(${name})`;
      (this.surface ?? this).append(this.probe);
      const color = getComputedStyle(this.probe).color;
      this.probe.remove();
      return color;
    }
  }

  window.dashboards = { ...window.dashboards, Drawing };
})();

// The state of a box: one element in its shell says that a value is late, has failed or is awaited.
//
// A stream fills it by the event `<event>:state`, and a value empties it (live.js calls showState). A box
// that loads itself is answered with its state in a header. Where the load fails it is tried again,
// after growing pauses while the page is looked at, and by a button.
(() => {
  "use strict";

  const HEADER = "Dashboards-State"; // component/states.py
  const FIRST_PAUSE_MS = 2_000;
  const LONGEST_PAUSE_MS = 60_000;

  const jitter = (ms) => ms * (0.5 + Math.random());

  const said = new WeakMap(); // When a stream last said how a box is, by its content element.
  const failures = new WeakMap(); // How often its load has failed in a row.

  // A page that was written by hand may have no such element.
  const stateOf = (content) => content.parentElement?.querySelector(":scope > .dashboards-state");
  const loadsItself = (element) => element.matches?.(".dashboards-component-content[hx-get]");

  // ---- What is shown ----

  // Replaces the words. A button stays the same element, so that it keeps the focus.
  function show(content, html) {
    const state = stateOf(content);
    if (!state) return;
    const words = document.createElement("template");
    words.innerHTML = window.dashboards.trust.createHTML(html);
    const canRetry = words.content.querySelector("[data-dashboards-retry]") && loadsItself(content);
    const button = state.querySelector(":scope > button");
    const hadFocus = button && button === document.activeElement;
    for (const node of [...state.childNodes]) {
      if (node !== button || !canRetry) node.remove();
    }
    state.prepend(words.content);
    if (canRetry) {
      if (!button) state.append(" ", makeButton(content));
      retryLater(content);
    } else {
      failures.delete(content);
      if (hadFocus) focus(content);
    }
  }

  // Whoever has tried again by the keyboard stays where they were, though the button is gone.
  function focus(content) {
    content.tabIndex = -1;
    content.focus({ preventScroll: true });
  }

  function makeButton(content) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "dashboards-retry";
    button.textContent = content.dataset.dashboardsRetryText || "↻";
    // The words alone are the same in each box.
    const title = content.closest("[aria-labelledby]")?.getAttribute("aria-labelledby");
    if (title) {
      button.id = `${content.id}-retry`;
      button.setAttribute("aria-labelledby", `${button.id} ${title}`);
    }
    button.addEventListener("click", () => retry(content));
    return button;
  }

  function showFailed(content) {
    if (!loadsItself(content)) return;
    const words = document.createElement("span");
    words.className = "dashboards-is-failed";
    words.dataset.dashboardsRetry = "";
    words.textContent = content.dataset.dashboardsFailedText || "";
    show(content, words.outerHTML);
  }

  // ---- Trying again ----

  const timers = new WeakMap();

  function retryLater(content) {
    const count = failures.get(content) ?? 0;
    failures.set(content, count + 1);
    clearTimeout(timers.get(content));
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** count, LONGEST_PAUSE_MS);
    timers.set(content, setTimeout(() => whenSeen(() => retry(content)), jitter(pause)));
  }

  function whenSeen(act) {
    if (!document.hidden) return act();
    document.addEventListener("visibilitychange", () => whenSeen(act), { once: true });
  }

  function retry(content) {
    clearTimeout(timers.get(content));
    if (!content.isConnected || !failures.has(content)) return;
    const address = content.getAttribute("hx-get");
    htmx.ajax("GET", address, { target: content, source: content, swap: "innerMorph" });
  }

  // ---- What a load says ----

  // A box that had failed when its page was made.
  function begin(root) {
    for (const words of root.querySelectorAll(".dashboards-state > [data-dashboards-retry]")) {
      const state = words.parentElement;
      const content = state.parentElement.querySelector(":scope > .dashboards-component-content");
      if (content && !state.querySelector(":scope > button")) show(content, words.outerHTML);
    }
  }

  htmx.registerExtension("dashboards-states", {
    htmx_after_process: begin,
    htmx_before_request(element, { ctx }) {
      ctx.dashboardsStateAsked = performance.now();
    },
    htmx_after_request(element, { ctx }) {
      const { response, target } = ctx;
      if (!(target instanceof Element) || !response || response.status >= 400) return;
      // A stream knows better than an answer that was asked for before.
      if (said.get(target) > ctx.dashboardsStateAsked) return;
      const state = response.headers.get(HEADER);
      if (state !== null) show(target, decodeURIComponent(state));
      else if (response.status !== 204) show(target, "");
    },
    htmx_response_error: showFailed,
    htmx_error: showFailed,
  });

  // Shows the state of a value that a stream has sent, as HTML; "" once the value is there.
  function showState(content, html) {
    said.set(content, performance.now());
    show(content, html);
  }

  window.dashboards = { ...window.dashboards, showState };

  // htmx may have processed the document before this script ran.
  if (document.readyState !== "loading") begin(document.body);
})();

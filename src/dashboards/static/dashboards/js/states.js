// The state of a box: an element beside its content tells that the value is late, has failed or is
// awaited.
//
// A stream fills that element by the event `<event>:state`, and a value empties it (updates.js
// calls showState). A box that loads itself gets its state in a header of the answer. A load that
// failed is repeated after growing pauses while the page is visible, and by a button.
(() => {
  "use strict";

  const MIN_PAUSE_MS = 2_000;
  const MAX_PAUSE_MS = 60_000;

  const jitter = (ms) => ms * (0.5 + Math.random());

  const { trust } = window.dashboards;

  // The keys of these are content elements.
  const receivedAt = new WeakMap(); // When a stream last sent a state.
  const failures = new WeakMap(); // How many loads in a row have failed.

  // Returns undefined in a page that somebody wrote by hand without such an element.
  const stateOf = (content) => content.parentElement?.querySelector(":scope > .dashboards-state");
  const loadsItself = (element) => element.matches?.(".dashboards-component-content[hx-get]");

  // ---- What is shown ----

  // Replaces the text. The button stays the same element, so that it keeps the focus.
  function show(content, html) {
    const state = stateOf(content);
    if (!state) return;
    const template = document.createElement("template");
    template.innerHTML = trust.createHTML(html);
    const isFailed = template.content.querySelector("[data-dashboards-retry]");
    const canRetry = isFailed && loadsItself(content);
    const button = state.querySelector(":scope > button");
    const hadFocus = button && button === document.activeElement;
    for (const node of [...state.childNodes]) {
      if (node !== button || !canRetry) node.remove();
    }
    state.prepend(template.content);
    if (canRetry) {
      if (!button) state.append(" ", makeButton(content));
      retryLater(content);
    } else {
      failures.delete(content);
      if (hadFocus) focus(content);
    }
  }

  // Moves the focus from the button, which is removed, to the content: a keyboard continues there.
  function focus(content) {
    content.tabIndex = -1;
    content.focus({ preventScroll: true });
  }

  function makeButton(content) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "dashboards-retry";
    button.textContent = content.dataset.dashboardsRetryText || "↻";
    // The text is the same in each box: with the heading it names one button.
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

  // ---- Loading again ----

  const timers = new WeakMap();

  function retryLater(content) {
    const count = failures.get(content) ?? 0;
    failures.set(content, count + 1);
    clearTimeout(timers.get(content));
    const pause = Math.min(MIN_PAUSE_MS * 2 ** count, MAX_PAUSE_MS);
    timers.set(content, setTimeout(() => whenVisible(() => retry(content)), jitter(pause)));
  }

  function whenVisible(act) {
    if (!document.hidden) return act();
    document.addEventListener("visibilitychange", () => whenVisible(act), { once: true });
  }

  function retry(content) {
    clearTimeout(timers.get(content));
    if (!content.isConnected || !failures.has(content)) return;
    const options = { target: content, source: content, swap: "innerMorph" };
    htmx.ajax("GET", content.getAttribute("hx-get"), options);
  }

  // ---- The state in the answer to a load ----

  // Adds the button to boxes that had failed when the server rendered the page.
  function addButtons(root) {
    for (const words of root.querySelectorAll(".dashboards-state > [data-dashboards-retry]")) {
      const state = words.parentElement;
      const content = state.parentElement.querySelector(":scope > .dashboards-component-content");
      if (content && !state.querySelector(":scope > button")) show(content, words.outerHTML);
    }
  }

  htmx.registerExtension("dashboards-states", {
    htmx_after_process: addButtons,
    htmx_before_request(element, { ctx }) {
      ctx.dashboardsStateRequestedAt = performance.now();
    },
    htmx_after_request(element, { ctx }) {
      const { response, target } = ctx;
      if (!(target instanceof Element) || !response || response.status >= 400) return;
      // A state that a stream sent since the request is newer than the one in the answer.
      if (receivedAt.get(target) > ctx.dashboardsStateRequestedAt) return;
      const state = response.headers.get("Dashboards-State");
      if (state !== null) show(target, decodeURIComponent(state));
      else if (response.status !== 204) show(target, "");
    },
    htmx_response_error: showFailed,
    htmx_error: showFailed,
  });

  // Shows the state that a stream has sent, as HTML; an empty text removes what is shown.
  function showState(content, html) {
    receivedAt.set(content, performance.now());
    show(content, html);
  }

  window.dashboards = { ...window.dashboards, showState };

  // htmx may have processed the document before this script ran.
  if (document.readyState !== "loading") addButtons(document.body);
})();

// The state of a box: an element beside its content tells that the value is late, has failed or is
// awaited, another one how old an old value is. The page's title and icon tell it, too.
//
// A stream fills the first by the event `<event>:state`, and a value empties it (updates.js
// calls showState). A box that loads itself gets its state in a header of the answer. A load that
// failed is repeated after growing pauses while the page is visible, and by a button.
(() => {
  "use strict";

  const MIN_PAUSE_MS = 2_000;
  const MAX_PAUSE_MS = 60_000;
  const FAILED = ".dashboards-is-failed";
  const LOST = ["waiting", "silent", "refused"].map((name) => `[data-dashboards-live=${name}]`).join();
  const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

  const { page, trust } = window.dashboards;
  const { texts } = page;

  // The keys of these are content elements.
  const receivedAt = new WeakMap(); // When a stream last sent a state.
  const failures = new WeakMap(); // How many loads in a row have failed.

  const beside = (content, part) => content.parentElement?.querySelector(`:scope > ${part}`);
  // Returns null in a page that somebody wrote by hand without such an element.
  const stateOf = (content) => beside(content, ".dashboards-state");
  const loadsItself = (element) => element.matches?.(".dashboards-component-content[hx-get]");
  const isHeld = (element) => element.closest("[data-dashboards-held]");

  // ---- What is shown ----

  // Replaces the text. The button stays the same element, so that it keeps the focus.
  function show(content, html) {
    const state = stateOf(content);
    if (!state) return;
    const template = document.createElement("template");
    template.innerHTML = trust.createHTML(html);
    const words = template.content.querySelector("[data-dashboards-retry]");
    const canRetry = words && (words.dataset.dashboardsRetry || loadsItself(content));
    const button = state.querySelector(":scope > button");
    const hadFocus = button && button === document.activeElement;
    for (const node of [...state.childNodes]) {
      if (node !== button || !canRetry) node.remove();
    }
    const { dashboardsAt: at } = content.dataset;
    if (words && at > 0) {
      const last = document.createElement("span");
      last.textContent = texts.dashboardsLastText.replace("{time}", page.showTime(at));
      template.content.append(" ", last);
    }
    state.prepend(template.content);
    if (canRetry) {
      if (!button) state.append(" ", makeButton(content));
      if (loadsItself(content)) retryLater(content);
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
    button.textContent = texts.dashboardsRetryText || "↻";
    // The text is the same in each box: with the heading it names one button.
    const title = content.closest("[aria-labelledby]")?.getAttribute("aria-labelledby");
    if (title) {
      button.id = `${content.id}-retry`;
      button.setAttribute("aria-labelledby", `${button.id} ${title}`);
    }
    button.addEventListener("click", () => load(content));
    return button;
  }

  function showFailed(content) {
    if (!loadsItself(content)) return;
    const words = document.createElement("span");
    words.className = "dashboards-is-failed";
    words.dataset.dashboardsRetry = "";
    words.textContent = texts.dashboardsFailedText || "";
    show(content, words.outerHTML);
  }

  // ---- Loading again ----

  const timers = new WeakMap();

  function retryLater(content) {
    const count = failures.get(content) ?? 0;
    failures.set(content, count + 1);
    clearTimeout(timers.get(content));
    const pause = page.jitter(Math.min(MIN_PAUSE_MS * 2 ** count, MAX_PAUSE_MS));
    timers.set(content, setTimeout(() => whenVisible(() => retry(content)), pause));
  }

  function whenVisible(act) {
    if (!document.hidden) return act();
    document.addEventListener("visibilitychange", () => whenVisible(act), { once: true });
  }

  function retry(content) {
    clearTimeout(timers.get(content));
    if (!content.isConnected || !failures.has(content)) return;
    if (isHeld(content)) retryLater(content);
    else load(content);
  }

  // A box that a stream fills has the address in the words of its state.
  function load(content) {
    clearTimeout(timers.get(content));
    const words = stateOf(content)?.querySelector("[data-dashboards-retry]");
    const url = words?.dataset.dashboardsRetry || content.getAttribute("hx-get");
    htmx.ajax("GET", url, { target: content, source: content, swap: "innerMorph" });
  }

  // ---- The state in the answer to a load ----

  // Adds the button to boxes that had failed when the server rendered the page.
  function addButtons(root) {
    for (const words of root.querySelectorAll(".dashboards-state > [data-dashboards-retry]")) {
      const state = words.parentElement;
      const content = beside(state, ".dashboards-component-content");
      if (content && !state.querySelector(":scope > button")) show(content, state.innerHTML);
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
      const at = response.headers.get("Dashboards-At") ?? (response.status !== 204 && page.now());
      if (at) target.dataset.dashboardsAt = at;
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

  // ---- Shown each second: the age of old values, and the title and icon of the page ----

  let format;

  function textOf(age) {
    format ??= new Intl.RelativeTimeFormat(page.languageOf(), { style: "narrow" });
    const [unit, size] = UNITS.find(([, seconds]) => age >= seconds) ?? ["second", 1];
    return format.format(-Math.floor(age / size), unit);
  }

  // The age is outside of the state, which a screen reader reads aloud when it changes.
  function showAge(content) {
    const { dashboardsAt: at, dashboardsStaleAfter: limit } = content.dataset;
    const age = page.now() - at;
    let element = beside(content, ".dashboards-age");
    if (!(age > limit) || stateOf(content)?.querySelector(FAILED)) return element?.remove();
    if (!element) {
      // Without a connection the header tells it once: only what was old before is marked.
      if (content.closest(LOST)) return;
      element = document.createElement("p");
      element.className = "dashboards-age";
      content.parentElement.append(element);
    }
    element.textContent = textOf(age);
  }

  // The words for the title: of the connection, else of values that failed, else of a pause.
  function getTitleWords() {
    const words = [...document.querySelectorAll("[data-dashboards-live]")].flatMap((dashboard) => {
      const { dashboardsHeld, dashboardsLive } = dashboard.dataset;
      const named = (name) => dashboard.querySelector(`[data-dashboards-live-when="${name}"]`);
      return [dashboardsLive, dashboardsHeld].map((name) => named(name)?.dataset.dashboardsTitle);
    });
    const failed = document.querySelectorAll(`.dashboards-state > ${FAILED}`).length;
    if (failed) words.push(texts.dashboardsCountText.replace("{n}", failed));
    return words.find((each) => each?.includes("⚠")) ?? words.find(Boolean) ?? "";
  }

  let added = ""; // Before the title of the page, which the project may set at any time.

  function showInTitle() {
    const words = getTitleWords();
    const title = document.title.replace(added, "");
    added = words && `${words} – `;
    if (document.title !== added + title) document.title = added + title;
    for (const icon of document.querySelectorAll("[data-dashboards-alert-icon]")) {
      const { dataset } = icon;
      dataset.dashboardsIcon ??= icon.getAttribute("href");
      const href = words.includes("⚠") ? dataset.dashboardsAlertIcon : dataset.dashboardsIcon;
      if (icon.getAttribute("href") !== href) icon.href = href;
    }
  }

  setInterval(() => {
    showInTitle();
    if (document.hidden) return;
    for (const content of document.querySelectorAll("[data-dashboards-stale-after]")) {
      if (!isHeld(content)) showAge(content);
    }
  }, 1_000);

  window.dashboards = { ...window.dashboards, showState };

  // htmx may have processed the document before this script ran.
  if (document.readyState !== "loading") addButtons(document.body);
})();

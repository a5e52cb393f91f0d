// A page on a wall (?kiosk): its boards take turns, the screen stays awake and is dimmed at night.
//
// A board that does not fit the screen is divided into parts, which take turns as well. The next
// board is an ordinary page, so a wall needs no more memory after a month than after an hour. It is
// opened only if its server answers: otherwise it is the turn of the board after it.
(() => {
  "use strict";

  const { markAutomatic, page } = window.dashboards;
  const ANSWER_MS = 10_000; // A board that does not answer for so long is left out.
  const IDLE_MS = 3_000; // Until the pointer is hidden.
  const NIGHT_CHECK_MS = 20_000;
  const OVERLAP = 0.1; // Of the screen, where a single box is higher than it.

  const root = document.documentElement;
  const { dashboardsKioskDim: dim, dashboardsKioskSeconds: seconds } = root.dataset;
  const board = document.querySelector(".dashboards-dashboard");
  const grid = board?.querySelector(":scope > .dashboards-grid");
  const boxes = () => [...(grid?.children ?? [])];

  // ---- Parts of a board ----

  let parts = [];
  let current = 0;

  const fits = () => !grid || grid.scrollHeight <= grid.clientHeight + 1;

  // Returns the rows of boxes, each with its height, which is the smallest where they do not fit. A
  // heading and the row below it are one.
  function readRows() {
    const rows = [];
    for (const box of boxes()) {
      const line = box.offsetTop;
      const last = rows.at(-1);
      if (last && (last.line === line || last.isHeading)) {
        last.boxes.push(box);
        Object.assign(last, { line, isHeading: false });
      } else {
        const top = line - parseFloat(getComputedStyle(box).marginTop);
        rows.push({ top, line, boxes: [box], isHeading: box.matches(".dashboards-heading") });
      }
    }
    const end = grid.offsetTop + grid.scrollHeight;
    rows.forEach((row, i) => (row.height = (rows[i + 1]?.top ?? end) - row.top));
    return rows;
  }

  // Puts as many rows into each part as the screen has room for.
  function divide() {
    const scrolled = grid?.scrollTop;
    for (const box of boxes()) box.hidden = false;
    parts = [[]];
    let room = fits() ? Infinity : grid.clientHeight;
    for (const row of grid ? readRows() : []) {
      if (parts.at(-1).length && row.height > room) {
        parts.push([]);
        room = grid.clientHeight;
      }
      parts.at(-1).push(...row.boxes);
      room -= row.height;
    }
    show(current);
    if (scrolled) grid.scrollTop = scrolled;
  }

  function show(index) {
    current = Math.max(0, Math.min(index, parts.length - 1));
    for (const box of boxes()) box.hidden = !parts[current].includes(box);
    const words = parts.length > 1 ? `${current + 1} / ${parts.length}` : "";
    for (const element of document.querySelectorAll(".dashboards-part")) element.textContent = words;
  }

  // A box that is loaded, or a table that grows, may need more room than there was. Drawings other
  // than charts observe their width only: elsewhere their height is their own.
  const sizes = new ResizeObserver((entries) => {
    if (!fits()) divide();
    for (const { target } of entries) {
      for (const surface of target.querySelectorAll("[hx-morph-skip]")) {
        surface.parentElement.schedule?.();
      }
    }
  });
  addEventListener("resize", divide);

  // ---- Turns ----

  let timer;

  function wait() {
    clearTimeout(timer);
    if (!("dashboardsKioskStill" in root.dataset)) timer = setTimeout(takeTurn, 1000 * seconds);
  }

  // Shows what is higher than the screen from its top to its end. Returns false at its end.
  function scroll(step) {
    const before = grid.scrollTop;
    grid.scrollTop += step * (1 - OVERLAP) * grid.clientHeight;
    return Math.abs(grid.scrollTop - before) > 1;
  }

  // Goes to the next part or board, or back. A person did it, or the timer.
  async function go(step, isPersons) {
    if (grid && !fits() && scroll(step)) return wait();
    const index = current + step;
    if (index >= 0 && index < parts.length) {
      show(index);
      grid.scrollTop = 0;
      return wait();
    }
    clearTimeout(timer);
    for (const url of following(step)) {
      if (!(await isServed(url))) continue;
      if (isPersons) return location.assign(url);
      // Without an entry in the history, for which the browser might keep the page.
      markAutomatic(new URL(url).pathname);
      // An address with a fragment that is the present one would not be loaded.
      return url === location.href ? location.reload() : location.replace(url);
    }
    if (grid) divide();
    show(step > 0 ? 0 : parts.length - 1);
    wait();
  }

  // While the wall is not shown, nobody sees a turn.
  const takeTurn = () => (document.hidden ? wait() : go(1, false));

  // Returns the URLs of the other boards, beginning with the next one; then that of this board, if
  // nothing else would bring it newer values.
  function following(step) {
    const links = [...document.querySelectorAll(".dashboards-boards li > a")];
    const at = links.findIndex((link) => link.matches("[aria-current]"));
    const others = [...links.slice(at + 1), ...links.slice(0, Math.max(at, 0))];
    if (step < 0) others.reverse();
    const urls = others.map((link) => link.href);
    return board?.hasAttribute("sse-connect") ? urls : [...urls, location.href];
  }

  // Returns true if a server has a page at this URL, and no login or error in its place.
  async function isServed(url) {
    const headers = { "Dashboards-Automatic": "true" };
    const signal = AbortSignal.timeout(ANSWER_MS);
    try {
      const response = await fetch(url, { method: "HEAD", headers, signal, cache: "no-store" });
      return response.ok && !response.redirected;
    } catch {
      return false;
    }
  }

  // ---- Keys and the pointer ----

  const isTaken = ({ target }) =>
    target.closest?.("a, button, input, select, summary, textarea, [contenteditable], [tabindex]") ||
    document.querySelector("dialog[open], :popover-open");

  addEventListener("keydown", (event) => {
    const { altKey, ctrlKey, defaultPrevented, key, metaKey } = event;
    if (altKey || ctrlKey || metaKey || defaultPrevented) return;
    if (key === "Escape" && !document.querySelector("dialog[open], :popover-open")) {
      document.querySelector(".dashboards-leave")?.click();
    }
    if (isTaken(event)) return;
    const forward = getComputedStyle(root).direction === "rtl" ? -1 : 1;
    const step = { ArrowRight: forward, ArrowLeft: -forward }[key];
    if (step) go(step, true);
    if (key === " ") root.toggleAttribute("data-dashboards-kiosk-still");
    if (step || key === " ") event.preventDefault();
    if (key === " ") wait();
  });

  let idle;

  function showPointer() {
    delete root.dataset.dashboardsKioskIdle;
    clearTimeout(idle);
    idle = setTimeout(() => (root.dataset.dashboardsKioskIdle = ""), IDLE_MS);
  }

  for (const name of ["pointermove", "pointerdown", "keydown"]) addEventListener(name, showPointer);

  // ---- Screen and night ----

  // The browser releases the lock of a tab that is hidden. Only secure pages can have one.
  async function keepAwake() {
    try {
      if (!document.hidden) await navigator.wakeLock?.request("screen");
    } catch {
      // The system refuses it, as with an empty battery.
    }
  }

  function readHour() {
    const { timeZone } = page;
    const options = { hour: "numeric", hourCycle: "h23", timeZone };
    return Number(new Date().toLocaleString("en-US", options));
  }

  function dimAtNight() {
    const [from, until] = dim.split("-").map(Number);
    const hour = readHour();
    const isNight = from < until ? hour >= from && hour < until : hour >= from || hour < until;
    // Charts follow the class: their colours are those of the page.
    if (root.classList.contains("dashboards-night") !== isNight) {
      root.classList.toggle("dashboards-night", isNight);
    }
  }

  if (dim) {
    dimAtNight();
    setInterval(dimAtNight, NIGHT_CHECK_MS);
  }
  document.querySelector(".dashboards-boards [aria-current]")?.scrollIntoView({ inline: "center" });
  document.addEventListener("visibilitychange", keepAwake);
  keepAwake();
  showPointer();
  divide();
  for (const box of boxes()) sizes.observe(box);
  wait();
})();

// dashboards.enlargement: shows a box over the whole window.
//
// The box stays the same element at its place in the document, so that its updates, input and zoom
// go on: it becomes a popover, which browsers show above all else, and close on Escape and on a
// phone's gesture to go back. The page behind cannot be reached meanwhile.
(() => {
  "use strict";

  const { boxWords } = window.dashboards;

  let open; // The box that is shown, and what is restored after it.

  const isEnlarged = (box) => open?.box === box;

  function enlarge(box) {
    const { width, height } = box.getBoundingClientRect();
    // Keeps the place, so that other boxes stay where they are and as large as they are.
    const placeholder = document.createElement("div");
    placeholder.className = box.className;
    Object.assign(placeholder.style, { minWidth: `${width}px`, minHeight: `${height}px` });
    const button = makeButton(box);
    const focused = document.activeElement;
    const scroll = { left: scrollX, top: scrollY, behavior: "instant" };
    open = { box, placeholder, button, focused, scroll, height, inert: othersOf(box) };
    box.before(placeholder);
    box.querySelector(":scope > .dashboards-box-button").after(button);
    box.popover = "auto";
    box.role = "dialog";
    box.ariaModal = "true";
    box.showPopover();
    for (const each of open.inert) each.inert = true;
    box.addEventListener("toggle", onToggle);
    addEventListener("resize", redraw);
    redraw();
    button.focus();
  }

  function makeButton(box) {
    const button = document.createElement("button");
    return Object.assign(button, {
      type: "button",
      className: "dashboards-box-close",
      textContent: "✕",
      ariaLabel: boxWords.close,
      onclick: () => box.hidePopover(),
    });
  }

  // Returns what is outside of the box and of the elements around it, and can be reached now.
  function othersOf(box) {
    const others = [];
    for (let each = box; each !== document.body; each = each.parentElement) {
      others.push(...[...each.parentElement.children].filter((other) => other !== each));
    }
    return others.filter((each) => !each.inert);
  }

  function onToggle({ target, newState }) {
    if (target === open?.box && newState === "closed") restore();
  }

  async function restore() {
    const { box, placeholder, button, focused, scroll, height, inert } = open;
    open = undefined;
    removeEventListener("resize", redraw);
    box.removeEventListener("toggle", onToggle);
    for (const name of ["popover", "role", "aria-modal"]) box.removeAttribute(name);
    for (const each of inert) each.inert = false;
    placeholder.remove();
    button.remove();
    if (!box.isConnected) return;
    // Until its drawing is small again, the box must not push others away.
    Object.assign(box.style, { height: `${height}px`, overflow: "hidden" });
    scrollTo(scroll);
    if (focused?.isConnected) focused.focus({ preventScroll: true });
    await redrawIn(box);
    Object.assign(box.style, { height: "", overflow: "" });
  }

  // A drawing redraws itself if its width changes, but here its height may change alone.
  function redrawIn(box) {
    const drawings = [...box.querySelectorAll(".dashboards-chart, .dashboards-drawing")];
    return Promise.all(drawings.map((each) => each.redraw?.()));
  }

  function redraw() {
    if (open) redrawIn(open.box);
  }

  // A box that was removed from the page closes without an event.
  document.addEventListener("htmx:after:swap", () => {
    if (open && !open.box.isConnected) restore();
  });

  const enlargement = { enlarge, isEnlarged };
  window.dashboards = { ...window.dashboards, enlargement };
})();

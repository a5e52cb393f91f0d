// Menus: a section of the menu closes on Escape, and when the focus or a click goes elsewhere.
(() => {
  "use strict";

  const findOpen = () => document.querySelector(".dashboards-menu-section[open]");

  addEventListener("keydown", ({ key }) => {
    const section = findOpen();
    if (key !== "Escape" || !section) return;
    section.open = false;
    section.querySelector("summary").focus();
  });

  for (const name of ["pointerdown", "focusin"]) {
    addEventListener(name, ({ target }) => {
      const section = findOpen();
      if (section && !section.contains(target)) section.open = false;
    });
  }
})();

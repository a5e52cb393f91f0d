// Sections of the menu close like any other menu: by Escape, and when one goes elsewhere.
(() => {
  "use strict";

  const opened = () => document.querySelector(".dashboards-menu-section[open]");

  addEventListener("keydown", ({ key }) => {
    const section = opened();
    if (key !== "Escape" || !section) return;
    section.open = false;
    section.querySelector("summary").focus();
  });

  for (const name of ["pointerdown", "focusin"]) {
    addEventListener(name, ({ target }) => {
      const section = opened();
      if (section && !section.contains(target)) section.open = false;
    });
  }
})();

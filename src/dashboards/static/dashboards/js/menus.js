// Menus: a section of the menu closes on Escape, and when the focus or a click goes elsewhere. The
// menu of a narrow page closes when the focus leaves it, which it would cover.
(() => {
  "use strict";

  // A page that hx-boost brings runs the script again.
  if (window.dashboardsMenus) return;
  window.dashboardsMenus = true;

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

  addEventListener("focusin", ({ target }) => {
    const menu = document.querySelector(".dashboards-menu:popover-open");
    if (menu && !menu.parentElement.contains(target)) menu.hidePopover();
  });
})();

// The theme that the viewer has chosen: that of the system, light or dark.
//
// This script is first in <head> and not deferred, so that no page is painted in another theme
// before. The choice is kept by the browser, not in a cookie: a page is the same for every viewer,
// and may be cached.
(() => {
  "use strict";

  const NAME = "dashboards-theme"; // Of the radio buttons, and in the storage.
  const root = document.documentElement;

  // A browser may refuse to store anything: then the choice ends with the page.
  function read() {
    try {
      return localStorage.getItem(NAME) ?? "";
    } catch {
      return root.dataset.dashboardsTheme ?? "";
    }
  }

  function write(theme) {
    try {
      localStorage.setItem(NAME, theme);
    } catch {}
  }

  function show(theme) {
    if (theme) root.dataset.dashboardsTheme = theme;
    else delete root.dataset.dashboardsTheme;
    for (const button of document.getElementsByName(NAME)) button.checked = button.value === theme;
  }

  addEventListener("change", ({ target }) => {
    if (target.name !== NAME) return;
    write(target.value);
    show(target.value);
  });
  // Fired in the other tabs.
  addEventListener("storage", ({ key }) => key === NAME && show(read()));
  // The buttons of a new document, and of one that htmx has swapped.
  for (const event of ["DOMContentLoaded", "htmx:after:swap"]) {
    addEventListener(event, () => show(read()));
  }
  show(read());
})();

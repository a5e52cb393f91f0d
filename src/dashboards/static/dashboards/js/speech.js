// The switch with which a viewer has changes read aloud. The browser keeps it; speech/reader.js is
// loaded when it is first on.
(() => {
  "use strict";

  const { loadOnce } = window.dashboards;
  const KEY = "dashboards-speech";
  const SWITCH = ".dashboards-speech";
  let isOn = false;

  // Shows it at a switch, which may be one that htmx has swapped.
  function show() {
    for (const each of document.querySelectorAll(SWITCH + `[aria-checked=${!isOn}]`)) {
      each.ariaChecked = isOn;
      if (isOn) loadOnce(each.dataset.dashboardsReader).catch(() => {}); // The next use tries again.
    }
  }

  addEventListener("click", ({ target }) => {
    if (!target.closest?.(SWITCH)) return;
    isOn = !isOn;
    show();
    try {
      localStorage.setItem(KEY, isOn);
    } catch {} // A browser that stores nothing: it is on until the page is left.
  });

  try {
    isOn = localStorage.getItem(KEY) === "true";
  } catch {}
  document.addEventListener("htmx:after:swap", show);
  show();
})();

// The switch with which a viewer has changes read aloud. The browser keeps it; speech/reader.js is
// loaded when it is first on.
(() => {
  "use strict";

  const { loadOnce } = window.dashboards;
  const KEY = "dashboards-speech";
  const switches = [...document.querySelectorAll(".dashboards-speech")];

  function show(isOn) {
    for (const each of switches) each.ariaChecked = isOn;
    if (isOn) loadOnce(switches[0].dataset.dashboardsReader).catch(() => {});
  }

  for (const each of switches) {
    each.onclick = () => {
      const isOn = each.ariaChecked === "false";
      show(isOn);
      try {
        localStorage.setItem(KEY, isOn);
      } catch {} // A browser that stores nothing: it is on until the page is left.
    };
  }

  try {
    if (switches.length && localStorage.getItem(KEY) === "true") show(true);
  } catch {}
})();

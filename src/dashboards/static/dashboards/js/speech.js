// The switch with which a viewer has changes read aloud. The browser keeps it; speech/reader.js is
// loaded when it is first on.
(() => {
  "use strict";

  const { page, trust } = window.dashboards;
  const KEY = "dashboards-speech";
  const switches = [...document.querySelectorAll(".dashboards-speech")];
  let isLoaded = false;

  function show(isOn) {
    for (const each of switches) each.setAttribute("aria-checked", isOn);
    if (!isOn || isLoaded || !switches.length) return;
    isLoaded = true;
    const script = document.createElement("script");
    const src = trust.createScriptURL(switches[0].dataset.dashboardsReader);
    document.head.append(Object.assign(script, { nonce: page.nonce, src }));
  }

  for (const each of switches) {
    each.addEventListener("click", () => {
      const isOn = each.getAttribute("aria-checked") === "false";
      show(isOn);
      try {
        localStorage.setItem(KEY, isOn);
      } catch {
        // The browser stores nothing: it is on until the page is left.
      }
    });
  }

  try {
    show(localStorage.getItem(KEY) === "true");
  } catch {
    // The same.
  }
})();

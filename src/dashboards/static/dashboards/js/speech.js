// The switch with which a viewer has changes read aloud. The browser keeps it; speech/reader.js is
// loaded when it is first on.
(() => {
  "use strict";

  const { page, trust } = window.dashboards;
  const KEY = "dashboards-speech";
  const switches = [...document.querySelectorAll(".dashboards-speech")];
  let src;

  function show(isOn) {
    for (const each of switches) each.ariaChecked = isOn;
    if (isOn && !src) {
      src = trust.createScriptURL(switches[0].dataset.dashboardsReader);
      const script = document.createElement("script");
      document.head.append(Object.assign(script, { nonce: page.nonce, src }));
    }
  }

  for (const each of switches) {
    each.onclick = () => {
      const isOn = each.ariaChecked === "false";
      show(isOn);
      localStorage?.setItem(KEY, isOn);
    };
  }

  // A browser that stores nothing refuses: it is then on until the page is left.
  if (switches.length && localStorage?.getItem(KEY) === "true") show(true);
})();

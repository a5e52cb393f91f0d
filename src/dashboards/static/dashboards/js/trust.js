// dashboards.trust: what of ours may become HTML or a script, under `require-trusted-types-for 'script'`.
//
// Two policies, to be named in `trusted-types`: "dashboards" for the site's own answers, which htmx
// swaps, and for addresses of its own scripts; and "default" for the few texts that plotly.js
// measures and erases by innerHTML, none of which may hold an element. A page that has a default
// policy of its own keeps that.
(() => {
  "use strict";

  const same = (text) => text;

  // Where this script came from: the site itself, or the server of its static files.
  const own = new URL(document.currentScript.src).origin;

  function ownScript(address) {
    const { origin } = new URL(address, document.baseURI);
    if ([location.origin, own].includes(origin)) return address;
    throw new TypeError(`dashboards: ${address} is no script of this site.`);
  }

  const rules = { createHTML: same, createScript: same, createScriptURL: ownScript };
  const make = (name, policy) => {
    try {
      return window.trustedTypes?.createPolicy(name, policy);
    } catch {
      return undefined; // The site's policy does not allow it, or has one of that name.
    }
  };
  const trust = make("dashboards", rules) ?? rules;
  if (window.trustedTypes && !trustedTypes.defaultPolicy) {
    make("default", { createHTML: (text) => (text.includes("<") ? null : text) });
  }

  window.dashboards = { ...window.dashboards, trust };
})();

// dashboards.trust: the Trusted Types policy of this package, for pages whose content security
// policy has `require-trusted-types-for 'script'`.
//
// `trusted-types` must name two policies. "dashboards" allows the site's own answers, which htmx
// swaps, and the addresses of its own scripts. "default" allows these addresses to htmx, too, and the
// few texts that plotly.js measures through innerHTML, and refuses all that contain an element. A
// default policy of the page's own is not replaced.
(() => {
  "use strict";

  const { nonce, staticOrigin } = window.dashboards.page;
  const unchanged = (text) => text;

  function checkScriptUrl(url) {
    const { origin } = new URL(url, document.baseURI);
    if ([location.origin, staticOrigin].includes(origin)) return url;
    throw new TypeError(`dashboards: ${url} is no script of this site.`);
  }

  const rules = {
    createHTML: unchanged,
    createScript: unchanged,
    createScriptURL: checkScriptUrl,
  };
  const createPolicy = (name, policy) => {
    try {
      return window.trustedTypes?.createPolicy(name, policy);
    } catch {
      return undefined; // The site's policy does not allow the name, or it exists already.
    }
  };
  const trust = createPolicy("dashboards", rules) ?? rules;
  if (window.trustedTypes && !trustedTypes.defaultPolicy) {
    createPolicy("default", {
      createHTML: (text) => (text.includes("<") ? null : text),
      createScriptURL: checkScriptUrl,
    });
  }

  // Loads a script of this site. Resolves when it has run. Those that are ordered run in the order of
  // their calls, and wait for no other script.
  function loadScript(url, isOrdered = false) {
    return new Promise((onload, onerror) => {
      const script = document.createElement("script");
      const src = trust.createScriptURL(url);
      document.head.append(Object.assign(script, { async: !isOrdered, nonce, onload, onerror, src }));
    });
  }

  const loading = {};

  // Loads scripts on first use, in their order: a text of URLs. If one fails, the next use loads all
  // of them again.
  function loadOnce(urls) {
    loading[urls] ??= Promise.all(urls.split(" ").map((url) => loadScript(url, true)));
    return loading[urls].catch((error) => {
      delete loading[urls];
      throw error;
    });
  }

  window.dashboards = { ...window.dashboards, loadOnce, loadScript, trust };
})();

// The menu button of each box. What the menu does is loaded when it is used for the first time.
(() => {
  "use strict";

  const { page, trust } = window.dashboards;

  const template = document.getElementById("dashboards-box-menu");
  const { dashboardsScripts = "", dashboardsMenuText } = template?.dataset ?? {};
  let loading;

  // Resolves with window.dashboards when it has the members of js/box/.
  function loadBoxTools() {
    loading ??= Promise.all(dashboardsScripts.split(" ").map(loadScript)).then(
      () => window.dashboards,
      (error) => {
        loading = undefined;
        throw error;
      },
    );
    return loading;
  }

  function loadScript(url) {
    return new Promise((onload, onerror) => {
      const script = document.createElement("script");
      const src = trust.createScriptURL(url);
      // Not async: they run in their order.
      document.head.append(
        Object.assign(script, { nonce: page.nonce, async: false, src, onload, onerror }),
      );
    });
  }

  function addButtons(root) {
    if (!dashboardsMenuText) return;
    const boxes = (root.parentElement ?? root).querySelectorAll(
      ".dashboards-component[id]:not([data-dashboards-no-menu], :has(> .dashboards-box-button))",
    );
    for (const box of boxes) {
      const own = box.querySelector(":scope > .dashboards-component-title");
      const title = own ?? box.closest(".dashboards-card")?.querySelector(".dashboards-card-heading");
      const button = Object.assign(document.createElement("button"), {
        type: "button",
        className: "dashboards-box-button",
        textContent: "⋮",
        ariaLabel: `${dashboardsMenuText} ${title?.textContent.trim() ?? ""}`.trim(),
        ariaHasPopup: "menu",
        ariaExpanded: "false",
        async onclick(event) {
          event.preventDefault(); // The menu is opened by the script, which moves it here.
          (await loadBoxTools()).toggleMenu(box, button);
        },
      });
      if (own) own.after(button);
      else box.prepend(button);
    }
  }

  htmx.registerExtension("dashboards-boxes", { htmx_after_process: addButtons });

  window.dashboards = { ...window.dashboards, loadBoxTools };

  // htmx may have processed the document before this script ran.
  if (document.readyState !== "loading") addButtons(document.body);
})();

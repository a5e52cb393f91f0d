// The menu button of each box. The menu itself is loaded when it is used for the first time.
(() => {
  "use strict";

  const { loadOnce } = window.dashboards;

  const template = document.getElementById("dashboards-box-menu");
  const pattern = template?.content.querySelector(".dashboards-box-button");
  let clicked; // The last click on a button: of two while the script loads, one counts.

  // Resolves with window.dashboards when it has the members of js/box/.
  async function loadBoxTools() {
    await loadOnce(template.dataset.dashboardsScripts);
    return window.dashboards;
  }

  const headingIn = (box) => box.querySelector(":scope > .dashboards-component-title");

  // Returns the title of a box, or else of the card around it.
  function titleOf(box) {
    const card = box.closest(".dashboards-card");
    const heading = headingIn(box) ?? card?.querySelector(".dashboards-card-heading");
    return heading?.textContent.trim() ?? "";
  }

  function addButtons(root) {
    if (!pattern) return;
    const boxes = (root.parentElement ?? root).querySelectorAll(
      ".dashboards-component[id]:not([data-dashboards-no-menu], :has(> .dashboards-box-button))",
    );
    for (const box of boxes) {
      const button = pattern.cloneNode(true);
      button.ariaLabel += ` ${titleOf(box)}`;
      button.onclick = async (event) => {
        event.preventDefault(); // The script opens the menu.
        clicked = event;
        const { toggleMenu } = await loadBoxTools();
        if (clicked === event) toggleMenu(box, button);
      };
      const title = headingIn(box);
      if (title) title.after(button);
      else box.prepend(button);
    }
  }

  htmx.registerExtension("dashboards-boxes", { htmx_after_process: addButtons });

  window.dashboards = { ...window.dashboards, loadBoxTools, titleOf };

  // htmx may have processed the document before this script ran.
  if (document.readyState !== "loading") addButtons(document.body);
})();

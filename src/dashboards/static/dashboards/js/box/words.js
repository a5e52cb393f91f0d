// dashboards.boxWords: the words of the menu and of its tables by name, in the page's language.
(() => {
  "use strict";

  const { content } = document.getElementById("dashboards-box-menu");
  const boxWords = Object.fromEntries(
    Array.from(content.querySelectorAll("[data-dashboards-word]"), (element) => [
      element.dataset.dashboardsWord,
      element.textContent,
    ]),
  );

  window.dashboards = { ...window.dashboards, boxWords };
})();

// dashboards.boxTable: the values of a box as a table, which its menu opens and closes.
//
// A chart contains the element for it, for screen readers. A sparkline gets one below the figure.
(() => {
  "use strict";

  const { boxWords, rowsOf, writeTable } = window.dashboards;

  const hostIn = (box) =>
    box.querySelector("dashboard-chart > .dashboards-chart-data, :scope > .dashboards-chart-data");

  const isFor = (box, values) =>
    Boolean(box.querySelector("dashboard-chart, [data-dashboards-values]") && values?.rows.length);

  const isOpen = (box) => Boolean(hostIn(box)?.open);

  function toggle(box) {
    const host = hostIn(box) ?? makeHost(box);
    host.open = !host.open;
  }

  function makeHost(box) {
    const host = document.createElement("details");
    host.className = "dashboards-chart-data";
    host.append(Object.assign(document.createElement("summary"), { textContent: boxWords.table }));
    const content = box.querySelector(":scope > .dashboards-component-content");
    const write = () => host.open && writeTable(host, rowsOf(box));
    host.ontoggle = write;
    new MutationObserver(write).observe(content, {
      ...{ childList: true, subtree: true, attributes: true },
      attributeFilter: ["data-dashboards-values"],
    });
    content.after(host);
    return host;
  }

  const boxTable = { isFor, isOpen, toggle };
  window.dashboards = { ...window.dashboards, boxTable };
})();

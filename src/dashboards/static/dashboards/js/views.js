// A viewer's view: how they have sorted, searched, paged or filtered a component.
//
// Content that a viewer may sort and page has its key. Once they have, it also has the URL of their
// view, which is loaded in place of the frame for everybody.
(() => {
  "use strict";

  const viewIn = (target) => target.querySelector(":scope > [data-dashboards-key]");
  const viewUrlOf = (target) => viewIn(target)?.dataset.dashboardsViewUrl;

  // Returns the forms that filter a component. They may be in another part of the page.
  function filterFormsOf(target) {
    const keys = target.dataset.dashboardsDependsOn?.split(" ") ?? [];
    const scope = target.closest(".dashboards-dashboard[id]") ?? document;
    const find = (key) => scope.querySelector(`form[data-dashboards-key="${key}"]`);
    return keys.map(find).filter(Boolean);
  }

  // Replaces the parameters of one component in a URL by those of the viewer's view.
  function withViewState(address, { dashboardsKey, dashboardsViewUrl }) {
    const url = new URL(address, location.href);
    const isOwn = (name) => name.startsWith(`${dashboardsKey}-`);
    for (const name of new Set(url.searchParams.keys())) {
      if (isOwn(name)) url.searchParams.delete(name);
    }
    for (const [name, value] of new URL(dashboardsViewUrl || "", location.origin).searchParams) {
      if (isOwn(name)) url.searchParams.append(name, value);
    }
    return url;
  }

  // Writes the view into the page's address, so that it can be linked and reloaded.
  function showInAddress(target) {
    const content = viewIn(target);
    if (!content) return;
    const page = withViewState(location.href, content.dataset);
    if (page.href !== location.href) history.replaceState(history.state, "", page);
  }

  // Returns true if this viewer sees another value than the frame: their own view, or a filtered
  // one.
  const hasView = (target) => {
    const isFiltered = ({ dataset }) => dataset.dashboardsViewUrl;
    return Boolean(viewUrlOf(target)) || filterFormsOf(target).some(isFiltered);
  };

  const views = { filterFormsOf, hasView, showInAddress, viewIn, viewUrlOf, withViewState };
  window.dashboards = { ...window.dashboards, views };
})();

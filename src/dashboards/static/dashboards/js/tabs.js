// <dashboard-tabs>: makes tabs of a list of links and the panels that they lead to (ARIA's
// pattern).
//
// Without scripts all panels are shown, and the links lead to them. The open tab is in the page's
// address, so that it can be linked and survives a reload. Deferred components in a hidden panel
// load when the panel is shown for the first time; live components in it are updated.
(() => {
  "use strict";

  const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

  class DashboardTabs extends HTMLElement {
    connectedCallback() {
      if (this.tabs) return;
      const list = this.querySelector(":scope > ul");
      this.tabs = list ? [...list.querySelectorAll("a")] : [];
      if (!this.tabs.length) return;
      list.setAttribute("role", "tablist");
      for (const item of list.children) item.setAttribute("role", "presentation");
      for (const tab of this.tabs) {
        tab.setAttribute("role", "tab");
        tab.setAttribute("aria-controls", tab.hash ? decodeURIComponent(tab.hash.slice(1)) : "");
        panelOf(tab)?.setAttribute("role", "tabpanel");
        panelOf(tab)?.setAttribute("tabindex", "0");
        tab.addEventListener("click", (event) => this.click(event, tab));
        tab.addEventListener("keydown", (event) => this.press(event, tab));
      }
      this.open(this.tabs[0]);
      this.dataset.dashboardsReady = "";
    }

    open(tab) {
      for (const each of this.tabs) {
        const isOpen = each === tab;
        each.setAttribute("aria-selected", String(isOpen));
        each.tabIndex = isOpen ? 0 : -1;
        const panel = panelOf(each);
        if (panel) panel.hidden = !isOpen;
      }
      // A drawing in a hidden panel had no size.
      dispatchEvent(new Event("resize"));
    }

    choose(tab) {
      this.open(tab);
      // The address names one panel. The open panels of other tabs are kept in the history's state.
      const panels = document.querySelectorAll("dashboard-tabs [role=tabpanel]:not([hidden])");
      const dashboardsTabs = Array.from(panels, ({ id }) => id);
      history.replaceState({ ...history.state, dashboardsTabs }, "", tab.hash);
    }

    click(event, tab) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // Opens the link elsewhere.
      event.preventDefault(); // The page would scroll to the panel.
      this.choose(tab);
    }

    press(event, tab) {
      const { tabs } = this;
      const isLeftToRight = getComputedStyle(this).direction === "ltr";
      const step = { ArrowRight: isLeftToRight ? 1 : -1, ArrowLeft: isLeftToRight ? -1 : 1 };
      let next;
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key in step) {
        next = tabs[(tabs.indexOf(tab) + step[event.key] + tabs.length) % tabs.length];
      } else if (event.key === "Home") next = tabs[0];
      else if (event.key === "End") next = tabs[tabs.length - 1];
      else if (event.key === " ") next = tab;
      if (!next) return;
      event.preventDefault();
      this.choose(next);
      next.focus();
    }
  }

  customElements.define("dashboard-tabs", DashboardTabs);

  function open(panel) {
    const tabs = panel.closest("dashboard-tabs");
    const tab = tabs?.tabs.find((each) => panelOf(each) === panel);
    if (tab) tabs.open(tab);
  }

  // Opens the panels around the element that the address names, or the panel that it names.
  function openTarget() {
    let id;
    try {
      id = decodeURIComponent(location.hash.slice(1));
    } catch {
      return; // Not a fragment of this package.
    }
    const target = id && document.getElementById(id);
    const panel = target?.parentElement?.closest("[role=tabpanel]");
    for (let node = target; node; node = node.parentElement) {
      if (node.getAttribute("role") === "tabpanel") open(node);
    }
    // The browser could not scroll to it while the panel was closed.
    if (panel) target.scrollIntoView();
  }

  for (const id of history.state?.dashboardsTabs ?? []) {
    const panel = document.getElementById(id);
    if (panel) open(panel);
  }
  addEventListener("hashchange", openTarget);
  openTarget();
})();

// dashboards.toggleMenu(box, button): opens or closes the menu of a box.
//
// The page has one menu. It is moved to the button that opens it, and shows the entries that make
// sense for the box: a table only where there are values.
(() => {
  "use strict";

  const { boxWords, enlargement, rowsOf, saveCsv, savePicture, zoom } = window.dashboards;
  const { boxTable } = window.dashboards;
  const SHOWN_MS = 1_200; // The time for which a message stays.
  const MARGIN = 8; // Pixels to the edge of the window.

  const { content } = document.getElementById("dashboards-box-menu");
  const menu = content.querySelector("[role=menu]").cloneNode(true);
  const owned = [...menu.children]; // The entries of the package.

  const chartIn = (box) => {
    const chart = box.querySelector("dashboard-chart");
    return chart?.plotly && chart.surface?._fullLayout ? chart : null;
  };

  // What each entry does, and the boxes that have it, by their values.
  const entries = {
    enlarge: { isFor: (box) => !enlargement.isEnlarged(box), run: enlargement.enlarge },
    table: { isFor: boxTable.isFor, run: boxTable.toggle },
    reset: {
      isFor: (box) => chartIn(box) && zoom.isZoomed(chartIn(box)),
      run: (box) => zoom.resetZoom(chartIn(box)),
    },
    csv: { isFor: (_, values) => values?.rows.length, run: saveCsv },
    picture: { isFor: chartIn, run: savePicture },
    link: { isFor: () => true, run: copyLink },
  };

  const linkItem = owned.find(({ dataset }) => dataset.dashboardsEntry === "link");
  const linkText = linkItem.textContent;

  let box; // The box whose menu is open.
  let button;
  let timer; // Of the message that a link was copied.

  function toggleMenu(ofBox, ofButton) {
    if (!ofButton.isConnected) return; // An update removed it while this script was loaded.
    if (menu.matches(":popover-open") && button === ofButton) return menu.hidePopover();
    if (button) button.ariaExpanded = "false";
    [box, button] = [ofBox, ofButton];
    fill();
    button.after(menu);
    button.popoverTargetElement = menu; // A click on it is no click outside of the menu.
    menu.showPopover({ source: button });
    place();
    itemsOf()[0]?.focus();
  }

  function fill() {
    clearTimeout(timer);
    linkItem.textContent = linkText;
    const values = rowsOf(box);
    for (const item of owned) {
      const { dashboardsEntry: name } = item.dataset;
      item.hidden = !entries[name].isFor(box, values);
      item.onclick = (event) => run(event, name);
    }
    menu.querySelector("[role=menuitemcheckbox]").ariaChecked = String(boxTable.isOpen(box));
    const links = box.querySelectorAll(":scope > .dashboards-box-links > a");
    const copies = Array.from(links, (link) => {
      const item = link.cloneNode(true);
      item.role = "menuitem";
      item.tabIndex = -1;
      return item;
    });
    menu.replaceChildren(...owned, ...copies);
    menu.ariaLabel = button.ariaLabel;
  }

  const itemsOf = () => [...menu.children].filter((item) => !item.hidden);

  // Below the button, or above it if there is no room; within the window.
  function place() {
    const { left, right, top, bottom } = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = menu;
    const isRightToLeft = getComputedStyle(box).direction === "rtl";
    const x = isRightToLeft ? left : right - width;
    const below = bottom + MARGIN / 2;
    const y = below + height + MARGIN > innerHeight ? top - MARGIN / 2 - height : below;
    menu.style.left = `${Math.max(MARGIN, Math.min(x, innerWidth - width - MARGIN))}px`;
    menu.style.top = `${Math.max(MARGIN, y)}px`;
  }

  async function run(event, name) {
    event.preventDefault();
    const of = box;
    if (name !== "link") menu.hidePopover();
    await entries[name].run(of);
  }

  // ---- The link to a box ----

  async function copyLink(of) {
    const url = new URL(location.href);
    url.hash = of.id;
    if (!(await copy(url.href))) {
      menu.hidePopover();
      return prompt(boxWords.copy, url.href);
    }
    linkItem.textContent = boxWords.copied;
    clearTimeout(timer);
    timer = setTimeout(() => {
      linkItem.textContent = linkText;
      menu.hidePopover();
    }, SHOWN_MS);
  }

  // A page that was not served by https has no clipboard of the new kind.
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = document.createElement("textarea");
      field.value = text;
      menu.append(field);
      field.select();
      const isCopied = document.execCommand("copy");
      field.remove();
      linkItem.focus();
      return isCopied;
    }
  }

  // ---- Keyboard, and closing ----

  menu.addEventListener("keydown", (event) => {
    const items = itemsOf();
    const at = items.indexOf(document.activeElement);
    const { altKey, ctrlKey, key, metaKey } = event;
    if (altKey || ctrlKey || metaKey) return;
    const starts = (item) => item.textContent.trim().toLowerCase().startsWith(key.toLowerCase());
    const next = {
      ArrowDown: () => items[(at + 1) % items.length],
      ArrowUp: () => items[(at - 1 + items.length) % items.length],
      Home: () => items[0],
      End: () => items.at(-1),
    }[key] ?? (() => [...items.slice(at + 1), ...items].find(starts));
    if (key === "Tab") menu.hidePopover(); // The focus goes on from the button.
    if (key.length === 1 && key !== " " || key in { ArrowDown: 1, ArrowUp: 1, Home: 1, End: 1 }) {
      event.preventDefault();
      next()?.focus();
    }
  });
  menu.addEventListener("toggle", ({ newState }) => {
    button.ariaExpanded = String(newState === "open");
  });
  // It stays at its button while the page scrolls.
  for (const name of ["scroll", "resize"]) {
    addEventListener(name, () => menu.matches(":popover-open") && place());
  }

  window.dashboards = { ...window.dashboards, toggleMenu };
})();

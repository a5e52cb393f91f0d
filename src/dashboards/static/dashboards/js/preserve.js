// Keeping what a reader did inside a box while an update replaces its content: by a stream, a poll
// or a refresh. An answer to the reader's own request (a sorted table, a form) is shown as it is.
//
// Morphing keeps elements, and with them most of their state. This extension of htmx keeps the
// rest. docs/howto/server-sent-events.md lists what is kept.
(() => {
  "use strict";

  const { isTyped } = window.dashboards;

  // Elements that may hold something of the reader's: an open state, input, a position.
  const STATEFUL =
    "details, dialog, [popover], input, select, textarea, [contenteditable], video, audio, iframe";
  const ID_PREFIX = "dashboards-keep-"; // Of temporary ids.

  let lastId = 0;
  const updating = new Set(); // Boxes that are being updated.
  const edited = new WeakSet(); // Elements with `contenteditable` that somebody has edited.
  // Elements that somebody has scrolled. To read the position of every element would cost a layout.
  const scrolled = new Set();
  // To read the selection costs a layout, too: an update reads it only where something is selected.
  let hasSelection = false;

  addEventListener("input", ({ target }) => {
    const host = target.closest?.("[contenteditable]");
    if (host) edited.add(host);
  }, true);
  addEventListener("scroll", ({ target }) => {
    if (target instanceof Element) scrolled.add(target);
  }, true);

  document.addEventListener("selectionchange", () => {
    hasSelection = !getSelection().isCollapsed;
  });

  const isUpdating = (node) => [...updating].some((box) => box.contains(node));

  // The state of a radio button is that of its group.
  const isChanged = (field) => (field.type === "radio" ? groupOf(field) : [field]).some(isTyped);

  const groupOf = ({ name, form }) =>
    [...document.getElementsByName(name)].filter(
      (each) => each.type === "radio" && each.form === form,
    );

  // Returns true if an element has the focus, or holds input that was not sent yet.
  function isInUse(element) {
    const active = document.activeElement;
    if (element.matches("input, select, textarea")) return element === active || isChanged(element);
    const isEditable = element.matches("[contenteditable]");
    return isEditable && (element.contains(active) || edited.has(element));
  }

  // ---- The place of a node in a box, and the node that is there after an update ----

  function pathOf(node, box) {
    const path = [];
    for (let each = node; each !== box; each = each.parentNode) {
      path.unshift([...each.parentNode.childNodes].indexOf(each));
    }
    return { node, path, id: node.id, name: node.nodeName };
  }

  function find({ node, path, id, name }, box) {
    if (box.contains(node)) return node;
    const atPath = () => path.reduce((each, index) => each?.childNodes[index], box);
    const found = (id && document.getElementById(id)) || atPath();
    return found?.nodeName === name ? found : undefined;
  }

  // A node outside of the box is not replaced, so it is its own place.
  const placeOf = (node, box) => (box.contains(node) ? pathOf(node, box) : { node });
  const nodeAt = (place, box) => (place.path ? find(place, box) : place.node);

  // ---- Pairs: an element of the box, and the element of the update that replaces it ----

  // Elements with equal keys are alike: first by kind and text, then by kind only.
  const kindOf = ({ localName, className, name, type }) =>
    [localName, className, name, type].join();
  const kindAndTextOf = (each) => [kindOf(each), textOf(each)].join();

  function textOf(element) {
    if (element.matches("details")) return element.querySelector("summary")?.textContent;
    return element.matches("a, button, summary") && element.textContent;
  }

  // Pairs elements that are alike if there are as many before as after. Both elements of a pair
  // without an id get a temporary one, by which morphing matches them wherever they are.
  function pair(box, fragment) {
    const active = document.activeElement;
    const others = [active, ...scrolled].filter((each) => each !== box && box.contains(each));
    const kept = new Set([...box.querySelectorAll(STATEFUL), ...others]);
    const pairs = new Map();
    const names = [...new Set([...kept].map(({ localName }) => localName))].join();
    if (!names) return pairs;
    const paired = new Set();
    const isFree = (each) => !each.id && !paired.has(each);
    for (const keyOf of [kindAndTextOf, kindOf]) {
      const [before, after] = [box, fragment].map((root) =>
        Map.groupBy([...root.querySelectorAll(names)].filter(isFree), keyOf),
      );
      for (const [key, elements] of before) {
        const successors = after.get(key) ?? [];
        if (successors.length !== elements.length) continue;
        elements.forEach((element, index) => {
          if (!kept.has(element)) return;
          pairs.set(element, successors[index]);
          paired.add(element).add(successors[index]);
          lastId += 1;
          element.id = successors[index].id = `${ID_PREFIX}${lastId}`;
        });
      }
    }
    for (const element of kept) {
      if (paired.has(element) || !element.id) continue;
      const successor = fragment.querySelector(`#${CSS.escape(element.id)}`);
      if (successor) pairs.set(element, successor);
    }
    return pairs;
  }

  function removeTemporaryIds(pairs) {
    for (const each of [...pairs.keys(), ...pairs.values()]) {
      if (each.id.startsWith(ID_PREFIX)) each.removeAttribute("id");
    }
  }

  // ---- Focus, selection and scrolling: saved before an update, restored after it ----

  function save(box) {
    const active = document.activeElement;
    const saved = { scrolled: [] };
    if (active && active !== document.body) {
      const { selectionStart, selectionEnd, selectionDirection } = active;
      const range = [selectionStart, selectionEnd, selectionDirection];
      saved.focus = { place: placeOf(active, box), range };
    }
    if (hasSelection) {
      const { anchorNode, anchorOffset, focusNode, focusOffset } = getSelection();
      if (anchorNode && (box.contains(anchorNode) || box.contains(focusNode))) {
        const [anchor, focus] = [placeOf(anchorNode, box), placeOf(focusNode, box)];
        saved.selection = { anchor, anchorOffset, focus, focusOffset };
      }
    }
    for (const each of scrolled) {
      if (!each.isConnected) scrolled.delete(each);
      else if (box.contains(each)) {
        saved.scrolled.push([pathOf(each, box), each.scrollTop, each.scrollLeft]);
      }
    }
    return saved;
  }

  function restore(box, { focus, selection, scrolled }) {
    if (focus) restoreFocus(box, focus);
    if (selection) restoreSelection(box, selection);
    for (const [place, top, left] of scrolled) {
      const element = find(place, box);
      if (element && (element.scrollTop !== top || element.scrollLeft !== left)) {
        element.scrollTo({ top, left, behavior: "instant" });
      }
    }
  }

  function restoreSelection(box, { anchor, anchorOffset, focus, focusOffset }) {
    const nodes = [nodeAt(anchor, box), nodeAt(focus, box)];
    if (!nodes.every(Boolean)) return;
    const lengthOf = (node) =>
      node.nodeType === Node.TEXT_NODE ? node.length : node.childNodes.length;
    const [start, end] = [anchorOffset, focusOffset].map((offset, index) =>
      Math.min(offset, lengthOf(nodes[index])),
    );
    getSelection().setBaseAndExtent(nodes[0], start, nodes[1], end);
  }

  // If the element that had the focus was removed, the box gets it: a keyboard continues there.
  function restoreFocus(box, { place, range }) {
    if (document.activeElement && document.activeElement !== document.body) return; // It was moved.
    const element = nodeAt(place, box) ?? box;
    if (element === box && !box.hasAttribute("tabindex")) box.tabIndex = -1;
    element.focus({ preventScroll: true });
    if (element.selectionStart !== null && range[0] !== null && element.setSelectionRange) {
      element.setSelectionRange(...range);
    }
  }

  const swaps = new WeakMap(); // What was saved before a swap, by htmx's context.

  htmx.registerExtension("dashboards-preserve", {
    htmx_before_swap(element, { ctx, tasks }) {
      const box = ctx.target;
      if (element !== box || !(box instanceof Element)) return;
      for (const { type, fragment } of tasks ?? []) {
        if (type !== "main") continue;
        const pairs = pair(box, fragment);
        swaps.set(ctx, { pairs });
        // What the reader has opened stays open, and what they have closed, closed.
        for (const [old, successor] of pairs) {
          if (old.matches("details, dialog")) successor.toggleAttribute("open", old.open);
        }
        // An update does not move the focus.
        for (const each of fragment.querySelectorAll("[autofocus]")) {
          each.removeAttribute("autofocus");
        }
      }
      updating.add(box);
      swaps.set(ctx, { ...swaps.get(ctx), ...save(box) });
    },
    htmx_before_morph_node: (element) =>
      !(element instanceof Element && isUpdating(element) && isInUse(element)),
    // A size that the reader has given to an element is in its `style`.
    htmx_before_morph_attr(element, { attrName }) {
      if (attrName !== "style" || !element.style.length || !isUpdating(element)) return true;
      return getComputedStyle(element).resize === "none";
    },
    htmx_after_swap(element, { ctx }) {
      if (swaps.has(ctx)) restore(ctx.target, swaps.get(ctx));
    },
    htmx_finally_swap(element, { ctx }) {
      removeTemporaryIds(swaps.get(ctx)?.pairs ?? new Map());
      swaps.delete(ctx);
      updating.delete(ctx.target);
    },
  });
})();

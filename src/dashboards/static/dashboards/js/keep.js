// What a reader did inside a box stays while its content is updated: by a stream, a poll or a
// refresh. What they asked for themselves (a sorted table, an answer to a form) comes as it is.
//
// Morphing keeps elements, and with them what the browser knows of them. Here is what it would
// take from them all the same. docs/howto/server-sent-events.md lists what is kept.
(() => {
  "use strict";

  const { isTyped } = window.dashboards;
  let given = 0; // Ids for the while.
  const boxes = new Set(); // Boxes that are being updated.
  const edited = new WeakSet(); // Texts that somebody has edited in place.
  const scrolled = new Set(); // What somebody has scrolled: to ask each element would cost a layout.
  const HOLDERS = "details, dialog, [popover], input, select, textarea, [contenteditable], video, audio, iframe";

  addEventListener("input", ({ target }) => {
    const host = target.closest?.("[contenteditable]");
    if (host) edited.add(host);
  }, true);
  addEventListener("scroll", ({ target }) => target instanceof Element && scrolled.add(target), true);

  const isUpdated = (node) => [...boxes].some((box) => box.contains(node));

  // One radio button's state is that of its group.
  const isChanged = (field) => (field.type === "radio" ? groupOf(field) : [field]).some(isTyped);

  const groupOf = ({ name, form }) =>
    [...document.getElementsByName(name)].filter((each) => each.type === "radio" && each.form === form);

  // Whether somebody is at it, or has left in it what was not sent yet.
  function isInUse(element) {
    const active = document.activeElement;
    if (element.matches("input, select, textarea")) return element === active || isChanged(element);
    return element.matches("[contenteditable]") && (element.contains(active) || edited.has(element));
  }

  // ---- Where a node was, and which one is there now ----

  function pathOf(node, box) {
    const path = [];
    for (let each = node; each !== box; each = each.parentNode) path.unshift([...each.parentNode.childNodes].indexOf(each));
    return { node, path, id: node.id, name: node.nodeName };
  }

  function find({ node, path, id, name }, box) {
    if (box.contains(node)) return node;
    const found = (id && document.getElementById(id)) || path.reduce((each, index) => each?.childNodes[index], box);
    return found?.nodeName === name ? found : undefined;
  }

  const placeOf = (node, box) => (box.contains(node) ? pathOf(node, box) : { node });
  const nodeAt = (place, box) => (place.path ? find(place, box) : place.node);

  // ---- Which element of an update is which of the box ----

  const closely = (each) =>
    [loosely(each), each.matches("details") ? each.querySelector("summary")?.textContent : each.matches("a, button, summary") && each.textContent].join();
  const loosely = ({ localName, className, name, type }) => [localName, className, name, type].join();

  // Pairs what holds something of the reader's with what comes in its place: what is alike, where
  // there are as many before as after. What has no id gets one for the while: by it, morphing
  // knows it again wherever it stands.
  function pair(box, fragment) {
    const active = document.activeElement;
    const others = [active, ...scrolled].filter((each) => each !== box && box.contains(each));
    const olds = new Set([...box.querySelectorAll(HOLDERS), ...others]);
    const pairs = new Map();
    const names = [...new Set([...olds].map(({ localName }) => localName))].join();
    if (!names) return pairs;
    const paired = new Set();
    const isFree = (each) => !each.id && !paired.has(each);
    for (const key of [closely, loosely]) {
      const [before, after] = [box, fragment].map((root) =>
        Map.groupBy([...root.querySelectorAll(names)].filter(isFree), key));
      for (const [alike, elements] of before) {
        const news = after.get(alike) ?? [];
        if (news.length !== elements.length) continue;
        elements.forEach((old, index) => {
          if (!olds.has(old)) return;
          pairs.set(old, news[index]);
          paired.add(old).add(news[index]);
          old.id = news[index].id = `dashboards-keep-${(given += 1)}`;
        });
      }
    }
    for (const old of olds) {
      const same = paired.has(old) ? null : old.id && fragment.querySelector(`#${CSS.escape(old.id)}`);
      if (same) pairs.set(old, same);
    }
    return pairs;
  }

  function forget(pairs) {
    for (const each of [...pairs.keys(), ...pairs.values()]) {
      if (each.id.startsWith("dashboards-keep-")) each.removeAttribute("id");
    }
  }

  // ---- What an update takes away, to be given back ----

  function takeNote(box) {
    const active = document.activeElement;
    const note = { scrolled: [] };
    if (active && active !== document.body) {
      const { selectionStart, selectionEnd, selectionDirection } = active;
      note.focus = { at: placeOf(active, box), range: [selectionStart, selectionEnd, selectionDirection] };
    }
    const { anchorNode, anchorOffset, focusNode, focusOffset, isCollapsed } = getSelection();
    if (!isCollapsed && anchorNode && (box.contains(anchorNode) || box.contains(focusNode))) {
      note.selection = [placeOf(anchorNode, box), anchorOffset, placeOf(focusNode, box), focusOffset];
    }
    for (const each of scrolled) {
      if (!each.isConnected) scrolled.delete(each);
      else if (box.contains(each)) note.scrolled.push([pathOf(each, box), each.scrollTop, each.scrollLeft]);
    }
    return note;
  }

  function giveBack(box, { focus, selection, scrolled }) {
    if (focus) giveFocus(box, focus);
    if (selection) {
      const [from, start, to, end] = selection;
      const nodes = [nodeAt(from, box), nodeAt(to, box)];
      const most = (node, offset) => Math.min(offset, node.nodeType === Node.TEXT_NODE ? node.length : node.childNodes.length);
      if (nodes.every(Boolean)) {
        getSelection().setBaseAndExtent(nodes[0], most(nodes[0], start), nodes[1], most(nodes[1], end));
      }
    }
    for (const [place, top, left] of scrolled) {
      const element = find(place, box);
      if (element && (element.scrollTop !== top || element.scrollLeft !== left)) {
        element.scrollTo({ top, left, behavior: "instant" });
      }
    }
  }

  // Where what had the focus is gone, the box has it: the keyboard goes on from there.
  function giveFocus(box, { at, range }) {
    if (document.activeElement && document.activeElement !== document.body) return; // It was moved.
    const element = nodeAt(at, box) ?? box;
    if (element === box && !box.hasAttribute("tabindex")) box.tabIndex = -1;
    element.focus({ preventScroll: true });
    if (element.selectionStart !== null && range[0] !== null && element.setSelectionRange) element.setSelectionRange(...range);
  }

  const notes = new WeakMap();

  htmx.registerExtension("dashboards-keep", {
    htmx_before_swap(element, { ctx, tasks }) {
      const box = ctx.target;
      if (element !== box || !(box instanceof Element)) return;
      for (const { type, fragment } of tasks ?? []) {
        if (type !== "main") continue;
        const pairs = pair(box, fragment);
        notes.set(ctx, { pairs });
        // What is open stays open, and what is closed, closed.
        for (const [old, same] of pairs) {
          if (old.matches("details, dialog")) same.toggleAttribute("open", old.open);
        }
        // An update takes the focus from nobody.
        for (const each of fragment.querySelectorAll("[autofocus]")) each.removeAttribute("autofocus");
      }
      boxes.add(box);
      notes.set(ctx, { ...notes.get(ctx), ...takeNote(box) });
    },
    htmx_before_morph_node: (element) => !(element instanceof Element && isUpdated(element) && isInUse(element)),
    // How large somebody has drawn it stands in its style.
    htmx_before_morph_attr: (element, { attrName }) =>
      !(attrName === "style" && isUpdated(element) && getComputedStyle(element).resize !== "none" && element.style.length),
    htmx_after_swap(element, { ctx }) {
      if (notes.has(ctx)) giveBack(ctx.target, notes.get(ctx));
    },
    htmx_finally_swap(element, { ctx }) {
      forget(notes.get(ctx)?.pairs ?? new Map());
      notes.delete(ctx);
      boxes.delete(ctx.target);
    },
  });
})();

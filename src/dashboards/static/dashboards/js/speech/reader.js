// Reads changes aloud: it writes a summary of them into an element that screen readers follow, at
// most one in 20 seconds. What a box says is its name and its figure, in the page's language.
(() => {
  "use strict";

  const PAUSE_MS = 20_000;
  const MAX_BOXES = 8; // In one summary: the others come in the next one.
  const MAX_LENGTH = 80; // Of one text. Only the name of a box with a longer one is read.

  const spoken = new WeakMap(); // What was read last, and when, by box.

  // Returns the text of an element for somebody who does not see it, without the box's own name.
  function textOf(element) {
    const copy = element.cloneNode(true);
    for (const each of copy.querySelectorAll("[aria-hidden], .dashboards-hidden")) each.remove();
    return copy.textContent.replaceAll(/\s+/g, " ").trim();
  }

  // Returns what there is to read in a box: undefined for a chart, whose points change all the time.
  function readingOf(box) {
    const content = box.querySelector(":scope > .dashboards-component-content");
    if (!content || content.querySelector(".dashboards-chart, .dashboards-drawing")) return undefined;
    const meter = content.querySelector("[role=meter]");
    if (meter) return meter.getAttribute("aria-valuetext");
    const figures = content.querySelectorAll(
      ".dashboards-stat-text, .dashboards-progress-percent, .dashboards-progress-state",
    );
    const texts = figures.length ? [...figures].map(textOf) : [textOf(content)];
    return texts.filter(Boolean).join(", ");
  }

  function describe(box, reading) {
    const heading = document.getElementById(box.getAttribute("aria-labelledby"));
    const name = heading ? textOf(heading) : "";
    return reading.length > MAX_LENGTH ? name : `${name} ${reading}`.trim();
  }

  // Returns a summary of the boxes that changed, those first that were silent for longest.
  function summarize() {
    const boxes = [...document.querySelectorAll(".dashboards-component")];
    const changed = [];
    for (const box of boxes) {
      const reading = readingOf(box);
      const last = spoken.get(box);
      if (!last) spoken.set(box, { reading, at: 0 });
      else if (reading && reading !== last.reading) changed.push({ box, reading, at: last.at });
    }
    changed.sort((one, other) => one.at - other.at);
    const now = performance.now();
    const texts = changed.slice(0, MAX_BOXES).map(({ box, reading }) => {
      spoken.set(box, { reading, at: now });
      return describe(box, reading);
    });
    return texts.filter(Boolean).join(". ");
  }

  function speak() {
    const output = document.querySelector(".dashboards-speech[aria-checked=true] + [role=status]");
    if (!output || document.hidden) return;
    const summary = summarize();
    if (summary) output.textContent = summary;
  }

  summarize();
  setInterval(speak, PAUSE_MS);
})();

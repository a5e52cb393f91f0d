// dashboards.showPicker(picker): shows the picker of the range of time in a dashboard's header, once
// the dashboard has a chart with times. time_range.html is its template.
(() => {
  "use strict";

  const { page, timeRange, times } = window.dashboards;

  const UNITS = { s: "second", m: "minute", h: "hour", d: "day", w: "week" };
  const SECONDS_MATTER_MS = 600_000; // In a longer range, nobody reads the seconds of its ends.

  // Returns the words of a range that are those of its button, or made from its times.
  function wordsOf(picker, { name, start, end }) {
    if (name) {
      const button = picker.querySelector(`button[value="${name}"]`);
      return button?.textContent || durationIn(page.languageOf(picker), name);
    }
    const second = end - start < SECONDS_MATTER_MS ? "2-digit" : undefined;
    const fields = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit", second };
    const options = { ...fields, timeZone: "UTC", numberingSystem: "latn" };
    const format = new Intl.DateTimeFormat(page.languageOf(picker), options);
    return format.formatRange(times.toWall(start), times.toWall(end));
  }

  function durationIn(language, name) {
    const found = timeRange.durationOf(name);
    if (!found) return name;
    const unit = { style: "unit", unit: UNITS[found.unit], unitDisplay: "long" };
    const format = new Intl.NumberFormat(language, { ...unit, numberingSystem: "latn" });
    return format.format(found.count);
  }

  function write(picker) {
    const range = timeRange.rangeOf(picker);
    for (const button of picker.querySelectorAll("button[value]")) {
      button.textContent ||= durationIn(page.languageOf(picker), button.value);
      button.setAttribute("aria-pressed", button.value === range.name);
    }
    picker.querySelector("summary > bdi").textContent = wordsOf(picker, range);
    picker.querySelector("summary > small").hidden = !times.isForeign(Date.now());
  }

  // Fills the fields with what the charts show. If they show all, that is not one range.
  function fill(picker) {
    const shown = timeRange.windowOf(picker);
    const [from, to] = picker.querySelectorAll("form input");
    if (!shown) return;
    const textOf = (time) => new Date(times.toWall(time)).toISOString().slice(0, 19);
    from.value = textOf(shown.start);
    to.value = to.min = textOf(shown.end);
    to.min = from.value;
  }

  function showPicker(picker) {
    if (!picker.hidden) return;
    picker.hidden = false;
    write(picker);
  }

  timeRange.observe(() => timeRange.pickers().filter((each) => !each.hidden).forEach(write));

  // ---- What a viewer does with it ----

  const pickerIn = (target) => target.closest?.(".dashboards-time-range");

  function close(picker) {
    picker.open = false;
    picker.querySelector("summary").focus();
  }

  addEventListener("click", ({ target }) => {
    const picker = pickerIn(target);
    const button = target.closest?.("button[value]");
    if (!picker || !button) return;
    close(picker);
    timeRange.choose({ name: button.value });
  });

  addEventListener("toggle", ({ target }) => {
    if (target === pickerIn(target) && target.open) fill(target);
  }, true);

  addEventListener("input", ({ target }) => {
    const [from, to] = pickerIn(target)?.querySelectorAll("form input") ?? [];
    if (target === from) to.min = from.value; // The browser has the words for an end before it.
  });

  addEventListener("submit", (event) => {
    const picker = pickerIn(event.target);
    if (!picker) return;
    event.preventDefault();
    const [start, end] = Array.from(picker.querySelectorAll("form input"), ({ value }) =>
      times.timeOf(value),
    );
    if (!(start < end)) return;
    close(picker);
    timeRange.choose({ start, end });
  });

  addEventListener("keydown", ({ key, target }) => {
    const picker = pickerIn(target);
    if (key === "Escape" && picker?.open) close(picker);
  });

  for (const name of ["pointerdown", "focusin"]) {
    addEventListener(name, ({ target }) => {
      for (const picker of timeRange.pickers()) {
        if (picker.open && target instanceof Node && !picker.contains(target)) picker.open = false;
      }
    });
  }

  window.dashboards = { ...window.dashboards, showPicker };
})();

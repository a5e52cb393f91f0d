// Fields: whether somebody is filling one in, so that no update and no reload takes away what they typed.
(() => {
  "use strict";

  const FIELDS = "input, select, textarea";

  // Whether it holds something else than the server sent.
  function isTyped(field) {
    const { type, value, defaultValue, checked, defaultChecked, options, files } = field;
    if (type === "hidden") return false;
    if (type === "checkbox" || type === "radio") return checked !== defaultChecked;
    if (type === "file") return files.length > 0;
    if (options) return isChosen([...options]);
    return defaultValue !== undefined && value !== defaultValue && value !== initialValue(field);
  }

  // What a browser makes of a value that is sent: a range without one begins in its middle.
  function initialValue(field) {
    if (!(field instanceof HTMLInputElement)) return field.defaultValue;
    const fresh = document.createElement("input");
    for (const { name, value } of field.attributes) {
      if (["type", "min", "max", "step", "value"].includes(name)) fresh.setAttribute(name, value);
    }
    return fresh.value;
  }

  function isChosen(options) {
    // Where none is marked, a list begins with its first.
    if (!options.some(({ defaultSelected }) => defaultSelected) && !options[0]?.closest("[multiple]")) {
      return options.findIndex(({ selected }) => selected) > 0;
    }
    return options.some(({ selected, defaultSelected }) => selected !== defaultSelected);
  }

  // Whether somebody is at a form: filling it in, or reading what was wrong with it.
  function isInUse(form) {
    const active = document.activeElement;
    return (
      "dashboardsTold" in form.dataset ||
      (form.contains(active) && active.matches(FIELDS)) ||
      form.querySelector("[aria-invalid=true], .dashboards-form-errors") !== null ||
      [...form.elements].some(isTyped)
    );
  }

  // The same of the whole page, its own forms and fields among it.
  function isPageInUse() {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    if (active?.matches(FIELDS) || active?.isContentEditable) return true;
    // What the page's address says is kept.
    const isLost = (element) => !element.closest("[data-dashboards-view-url]");
    return (
      [...document.querySelectorAll("form[data-dashboards-form]")].filter(isLost).some(isInUse) ||
      [...document.querySelectorAll(FIELDS)].filter(isLost).some(isTyped)
    );
  }

  window.dashboards = { ...window.dashboards, isInUse, isPageInUse, isTyped };
})();

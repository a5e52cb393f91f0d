// Fields: tells if somebody is filling in a field, so that no update or reload removes their input.
(() => {
  "use strict";

  const FIELDS = "input, select, textarea";

  // Returns true if a field has another value than the server sent.
  function isTyped(field) {
    const { type, value, defaultValue, checked, defaultChecked, options, files } = field;
    if (type === "hidden") return false;
    if (type === "checkbox" || type === "radio") return checked !== defaultChecked;
    if (type === "file") return files.length > 0;
    if (options) return isChosen([...options]);
    return defaultValue !== undefined && value !== defaultValue && value !== initialValue(field);
  }

  // Returns the value that a browser shows for the one that was sent. They differ for an input of
  // type "range" that was sent without a value: a browser shows the middle.
  function initialValue(field) {
    if (!(field instanceof HTMLInputElement)) return field.defaultValue;
    const fresh = document.createElement("input");
    for (const { name, value } of field.attributes) {
      if (["type", "min", "max", "step", "value"].includes(name)) fresh.setAttribute(name, value);
    }
    return fresh.value;
  }

  // Returns true if other options are selected than the server sent.
  function isChosen(options) {
    const isSingle = !options[0]?.closest("[multiple]");
    // Without a selected option, a browser selects the first one.
    if (isSingle && !options.some(({ defaultSelected }) => defaultSelected)) {
      return options.findIndex(({ selected }) => selected) > 0;
    }
    return options.some(({ selected, defaultSelected }) => selected !== defaultSelected);
  }

  // Returns true if somebody is filling in a form, or is reading its errors or its message.
  function isInUse(form) {
    const active = document.activeElement;
    return (
      "dashboardsShowsMessage" in form.dataset ||
      (form.contains(active) && active.matches(FIELDS)) ||
      form.querySelector("[aria-invalid=true], .dashboards-form-errors") !== null ||
      [...form.elements].some(isTyped)
    );
  }

  // Returns true if a form or a field of the page is in use, those of the site included, or if a
  // viewer holds the picture still.
  function isPageInUse() {
    // A reload would show newer values than those that a viewer holds still.
    if (document.querySelector("[data-dashboards-held]")) return true;
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    if (active?.matches(FIELDS) || active?.isContentEditable) return true;
    // A reload keeps the values that are in the page's address.
    const isLost = (element) => !element.closest("[data-dashboards-view-url]");
    return (
      [...document.querySelectorAll("form[data-dashboards-form]")].filter(isLost).some(isInUse) ||
      [...document.querySelectorAll(FIELDS)].filter(isLost).some(isTyped)
    );
  }

  window.dashboards = { ...window.dashboards, isInUse, isPageInUse, isTyped };
})();

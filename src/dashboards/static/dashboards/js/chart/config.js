// dashboards.chartConfig: plotly.js's `config` of a figure. Nothing leaves the site, months and
// numbers are in the page's language, and the toolbar is off.
(() => {
  "use strict";

  // Of plotly.js's messages, in the page's language.
  const words = JSON.parse(window.dashboards.page.texts.dashboardsWords ?? "{}");

  // Buttons that send a figure to another company's server, by the names of all releases, and
  // options that lead there. The config of a figure cannot turn them on.
  const SENDING_BUTTONS = ["sendChartToCloud", "sendDataToCloud", "editInChartStudio"];
  const PRIVATE = {
    showSendToCloud: false,
    showEditInChartStudio: false,
    showLink: false,
    sendData: false,
    displaylogo: false,
    watermark: false,
    plotlyServerURL: "",
  };

  function isAllowed(button) {
    const name = String(button?.name ?? button).toLowerCase();
    return !SENDING_BUTTONS.some((each) => each.toLowerCase() === name);
  }

  const withoutSending = (buttons) => [buttons ?? []].flat().filter(isAllowed);

  // Returns the config of a figure for a Plotly.
  function chartConfig(plotly, figure, language) {
    const locale = register(plotly, language);
    // The box has a menu in place of the toolbar, unless the figure asks for that.
    const { displayModeBar = asksForToolbar(figure) } = figure.config ?? {};
    const config = { locale, ...figure.config, displayModeBar, ...PRIVATE, responsive: false };
    const removed = [config.modeBarButtonsToRemove ?? []].flat();
    config.modeBarButtonsToAdd = withoutSending(config.modeBarButtonsToAdd);
    config.modeBarButtonsToRemove = [...removed, ...SENDING_BUTTONS];
    if (Array.isArray(config.modeBarButtons)) {
      config.modeBarButtons = config.modeBarButtons.map(withoutSending);
    }
    return config;
  }

  const asksForToolbar = ({ config, layout }) =>
    Boolean(config?.modeBarButtons ?? config?.modeBarButtonsToAdd ?? layout?.modebar);

  const registered = new WeakMap(); // The name of each registered locale by language, by Plotly.

  // Registers a language with plotly.js, which contains English only. Returns the locale's name.
  function register(plotly, language) {
    if (!registered.has(plotly)) registered.set(plotly, new Map());
    const names = registered.get(plotly);
    if (!names.has(language)) {
      const locale = { moduleType: "locale", name: language, dictionary: words };
      try {
        plotly.register({ ...locale, format: formatOf(language) });
        names.set(language, language);
      } catch (error) {
        names.set(language, "en");
        console.warn(`dashboards: charts cannot be shown in the language ${language}.`, error);
      }
    }
    return names.get(language);
  }

  // Returns a language's names of months and days, and its formats of numbers and dates, in the
  // form that plotly.js expects.
  function formatOf(language) {
    const fixed = { timeZone: "UTC", numberingSystem: "latn" };
    const names = (dates, options) => {
      const format = new Intl.DateTimeFormat(language, { ...fixed, ...options });
      return dates.map((date) => format.format(date));
    };
    // 1 January 2023 was a Sunday.
    const days = Array.from({ length: 7 }, (_, index) => Date.UTC(2023, 0, 1 + index));
    const months = Array.from({ length: 12 }, (_, index) => Date.UTC(2023, index, 1));
    // Returns the order of a date's parts, with d3's codes in place of the parts.
    const order = (options, codes) =>
      new Intl.DateTimeFormat(language, { ...fixed, ...options })
        .formatToParts(new Date(0))
        .map(({ type, value }) => codes[type] ?? value.replaceAll("%", "%%"))
        .join("");
    const numbers = new Intl.NumberFormat(language, { numberingSystem: "latn", useGrouping: true });
    const parts = numbers.formatToParts(1234567.5);
    const sign = (type, usual) => parts.find((part) => part.type === type)?.value ?? usual;
    const codes = { day: "%-d", month: "%b", year: "%Y" };
    const numericCodes = { day: "%d", month: "%m", year: "%Y" };
    const date = { day: "numeric", month: "short", year: "numeric" };
    const { day, month, year } = date;
    return {
      days: names(days, { weekday: "long" }),
      shortDays: names(days, { weekday: "short" }),
      months: names(months, { month: "long" }),
      shortMonths: names(months, { month: "short" }),
      periods: ["AM", "PM"],
      dateTime: `%a ${order(date, codes)} %X`,
      date: order({ day: "2-digit", month: "2-digit", year: "numeric" }, numericCodes),
      time: "%H:%M:%S",
      decimal: sign("decimal", "."),
      thousands: sign("group", ","),
      grouping: [3],
      currency: ["", ""],
      year: "%Y",
      month: order({ month, year }, codes),
      dayMonth: order({ day, month }, codes),
      dayMonthYear: order(date, codes),
    };
  }

  window.dashboards = { ...window.dashboards, chartConfig, withoutSending };
})();

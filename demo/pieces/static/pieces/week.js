// A week in hours: larger dots are more orders.
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function svg(name, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const each of Object.entries(attributes)) element.setAttribute(...each);
  element.textContent = text;
  return element;
}

class Week extends dashboards.Drawing {
  draw(hours, surface) {
    const most = Math.max(...hours.map(({ orders }) => orders));
    // The same size on a phone and on a wide page.
    const size = Math.max(11, 5500 / surface.clientWidth);
    const picture = svg("svg", { viewBox: "0 0 514 158", "font-size": size, direction: "ltr" });
    const write = (x, y, text) => {
      const fill = this.color("--dashboards-muted");
      picture.append(svg("text", { x, y, fill }, text));
    };
    DAYS.forEach((day, row) => write(0, 14 + 20 * row, day));
    for (let hour = 0; hour < 24; hour += 4) {
      write(30 + 20 * hour, 156, `${hour}:00`);
    }
    for (const { day, hour, orders } of hours) {
      const dot = svg("circle", {
        cx: 44 + 20 * hour,
        cy: 20 * day - 10,
        r: 9 * Math.sqrt(orders / most),
        fill: this.color("--dashboards-accent"),
      });
      const when = `${DAYS[day - 1]} ${hour}:00`;
      dot.append(svg("title", {}, `${when}: ${orders}`));
      picture.append(dot);
    }
    surface.replaceChildren(picture);
  }
}
customElements.define("pieces-week", Week);

// A week in hours: the larger a dot, the more orders came then.
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
    const words = { fill: this.color("--dashboards-muted"), "font-size": 9 };
    const picture = svg("svg", { viewBox: "0 0 514 156" });
    DAYS.forEach((day, row) => picture.append(svg("text", { x: 0, y: 13 + 20 * row, ...words }, day)));
    for (let hour = 0; hour < 24; hour += 4) {
      picture.append(svg("text", { x: 28 + 20 * hour, y: 154, ...words }, `${hour}:00`));
    }
    for (const { day, hour, orders } of hours) {
      const place = { cx: 36 + 20 * hour, cy: 20 * day - 10 };
      const dot = svg("circle", { ...place, r: 9 * Math.sqrt(orders / most), fill: this.color("--dashboards-accent") });
      dot.append(svg("title", {}, `${DAYS[day - 1]} ${hour}:00: ${orders}`));
      picture.append(dot);
    }
    surface.replaceChildren(picture);
  }
}
customElements.define("pieces-week", Week);

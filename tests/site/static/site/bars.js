// A minimal renderer of a project.
customElements.define(
  "test-bars",
  class extends dashboards.Drawing {
    draw(numbers, surface) {
      surface.textContent = numbers.map((number) => "#".repeat(number)).join(" ");
      surface.style.color = this.color("--dashboards-ink");
    }
  },
);

"""The same bytes for every server: the HTML of our ``Stat`` template."""


def render(value: str) -> str:
    """Return the HTML of one stat. ``tests/docs/test_bench.py`` compares it with the template."""
    return (
        '<p class="dashboards-stat">\n'
        f'  <strong class="dashboards-stat-text dashboards-figure">{value}</strong>\n'
        "  \n"
        "</p>\n"
    )


def encode(html: str, position: str) -> bytes:
    """Return the event that our hub would write."""
    data = "".join(f"data: {line}\n" for line in html.split("\n"))
    return f"event: number\nid: {position}\n{data}\n".encode()

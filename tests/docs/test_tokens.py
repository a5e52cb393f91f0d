"""The list of custom properties: complete, and its swatches have the colours of the style sheet."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHEET = (ROOT / "src/dashboards/static/dashboards/css/parts/tokens.css").read_text()
PAGE = (ROOT / "docs/reference/tokens.md").read_text()

DECLARED = {
    name: re.sub(r"(?<=\() | (?=\))", "", " ".join(value.split()))
    for name, value in re.findall(r"^  (--dashboards-[\w-]+):\s*([^;]+);", SHEET, re.MULTILINE)
}
OF_THE_SYSTEM = {"--dashboards-font", "--dashboards-mono"}


def resolve(value: str, scheme: int) -> str:
    """Return a colour of the style sheet as six digits, in the light (0) or dark (1) scheme."""
    if pair := re.fullmatch(r"light-dark\(([^()]+|color-mix\(.*?\)\)), (.+)\)", value):
        return resolve(pair[scheme + 1], scheme)
    if other := re.fullmatch(r"var\((--[\w-]+)\)", value):
        return resolve(DECLARED[other[1]], scheme)
    if mixed := re.fullmatch(r"color-mix\(in srgb, (\S+) (\d+)%, (\S+)\)", value):
        share = int(mixed[2]) / 100
        one, two = (bytes.fromhex(resolve(mixed[part], scheme)[1:]) for part in (1, 3))
        return "#" + "".join(
            f"{round(share * a + (1 - share) * b):02x}" for a, b in zip(one, two, strict=True)
        )
    return value


def test_page_about_tokens_lists_each_with_its_default():
    rows = {
        cells[0].strip("`"): cells[1:]
        for line in PAGE.splitlines()
        if line.startswith("| `--")
        for cells in [line.strip("| ").split(" | ")]
    }

    assert rows.keys() == DECLARED.keys()
    for name, value in DECLARED.items():
        *_, default = rows[name]
        light = resolve(value, 0)
        if light.startswith("#"):
            swatches = re.findall(r'fill="(#\w+)"/></svg> `(#\w+)`', " ".join(rows[name]))
            assert swatches == [(each, each) for each in (light, resolve(value, 1))], name
            sources = re.findall(r"var\(--dashboards-([\w-]+)\)", value)
            derived = " and ".join(f"`{each}`" for each in dict.fromkeys(sources))
            assert rows[name][1:-2] == ([derived] if derived else []), name
        else:
            assert default == ("of the system" if name in OF_THE_SYSTEM else f"`{value}`")

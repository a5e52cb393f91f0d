"""Our style sheet is a guest on the pages of others, and figures are read as one."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import pytest_asyncio
from django.contrib import admin
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from playwright.async_api import Browser, Page, Route

from dashboards.component.gauge import Gauge
from dashboards.component.stat import Stat, StatData
from dashboards.embedding import render_scripts

OURS = Path(__file__).parents[2] / "src/dashboards"
SHEETS = sorted(OURS.glob("static/**/*.css"))
INDEX = OURS / "static/dashboards/css/dashboards.css"
PREFIX = "dashboards-"
# Classes that others write, for an element of ours or within it: plotly.js, Django's forms, the
# columns that a dashboard's author gives in grid_css_classes, and a dark theme such as Tailwind's.
CLASS_OF_OTHERS = re.compile(
    r"modebar|modebar-container|main-svg|svg-container|draglayer|drag|js-plotly-plot|errorlist|span-\d+|dark"
)


def rules(sheet: str) -> Iterator[str]:
    """Yield the selectors of a style sheet, a list of them as one."""
    plain = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    plain = re.sub(r"\"[^\"]*\"|'[^']*'|url\([^)]*\)", '""', plain)
    for found in re.finditer(r"([^{};]+)\{", plain):
        selector = found[1].strip()
        if not selector.startswith("@"):
            yield selector


def is_guest(selector: str) -> bool:
    """Return True if each class is ours, or another's that stands below one of ours."""
    seen_ours = False
    for name in re.findall(r"\.(-?[a-zA-Z_][\w-]*)", selector):
        if name.startswith(PREFIX):
            seen_ours = True
        elif not (seen_ours and CLASS_OF_OTHERS.fullmatch(name)):
            return False
    return True


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda each: each.name)
def test_class_in_a_style_sheet_has_the_prefix(sheet: Path):
    """The admin's index is ``<body class="dashboard">``, and our sheet gave it our font.

    Each class that our style sheets name begins with our prefix, or is another's below ours.
    """
    selectors = list(rules(sheet.read_text()))

    assert selectors or sheet == INDEX
    assert [each for each in selectors if not is_guest(each)] == []


def test_style_sheets_are_all_imported_into_a_layer():
    """A file that no ``@import`` names, or one outside of the layers, breaks the cascade."""
    index = re.sub(r"/\*.*?\*/", "", INDEX.read_text(), flags=re.DOTALL)
    order = re.search(r"@layer ([^;]*);", index)
    imports = re.findall(r'@import url\("([^"]*)"\) layer\(([^)]*)\);', index)

    assert order
    assert index.count("@import") == len(imports)
    assert {INDEX, *(INDEX.parent / path for path, _ in imports)} == set(SHEETS)
    assert list(dict.fromkeys(layer for _, layer in imports)) == order[1].split(", ")


@pytest.mark.parametrize(
    "selector",
    [".dashboard a", ".errorlist", "a, .live-status", ".span-4 > .dashboards-grid", "p.number"],
)
def test_class_without_the_prefix_is_found(selector: str):
    assert not is_guest(next(rules(f"@media (width) {{ {selector} {{ color: red }} }}")))


def test_class_in_a_template_or_script_has_the_prefix():
    found = set()
    for path in [*OURS.rglob("*.html"), *OURS.rglob("*.js")]:
        text = re.sub(r"{%.*?%}|{{.*?}}", "", path.read_text())
        for literal in re.findall(r'(?:class=|className[:=\s]+|classList\.\w+\()"([^"]*)"', text):
            found |= {each for each in literal.split() if not each.startswith(PREFIX)}

    # The one component of a page that stands alone takes its whole width.
    assert found == {"span-12"}


REFERENCE = (Path(__file__).parents[2] / "docs/reference/html-attributes.md").read_text()
SOURCES = {
    path.name: path.read_text()
    for path in sorted(OURS.rglob("*"))
    if path.suffix in {".css", ".html", ".js"} or path.name in {"frames.py", "htmx.py"}
}
SCRIPTS = {name: text for name, text in SOURCES.items() if name.endswith(".js")}


def table(heading: str) -> dict[str, list[str]]:
    """Return the cells of each row of a table of the reference, by the name in its first cell."""
    section = REFERENCE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:3] == "| `"]
    return {name.strip("`"): cells for name, *cells in rows}


def attributes_in(text: str) -> set[str]:
    """Return the package's attributes that a source names, also by the property ``dataset``."""
    of_dataset = re.findall(r"\bdashboards[A-Z]\w*", text)
    named = {re.sub("[A-Z]", lambda found: f"-{found[0].lower()}", each) for each in of_dataset}
    return {f"data-{each}" for each in named} | set(re.findall(r"data-dashboards-[a-z-]+", text))


def test_reference_lists_each_attribute_with_the_files_that_name_it():
    # Properties of other objects than `dataset`: of htmx's request context, of the window, of the
    # history, and of traces.
    of_others = {"gaps", "menus", "requested-at", "state-requested-at", "tabs"}
    found: dict[str, set[str]] = {}
    for name, text in SOURCES.items():
        for attribute in attributes_in(text):
            found.setdefault(attribute, set()).add(name)
    for each in of_others:
        del found[f"data-dashboards-{each}"]

    listed = {
        name: set(re.findall(r"`([\w.]+)`", " ".join(cells[:2])))
        for name, cells in table("Attributes").items()
    }

    assert listed == found


def test_attribute_of_the_package_has_the_prefix():
    names = set()
    for text in SOURCES.values():
        names |= set(re.findall(r"(?<![\w-])data-[a-z][a-z-]*", text))
        names |= set(re.findall(r"\bdataset\??\.([a-z]\w*)", text))

    # A page's theme may be in an attribute of the project or of Bootstrap.
    assert {each for each in names if not re.match(r"(data-)?dashboards", each)} == {
        "data-theme",
        "data-bs-theme",
    }


def test_reference_lists_each_event_with_the_scripts_that_fire_it():
    found: dict[str, set[str]] = {}
    for name, text in SCRIPTS.items():
        for event in re.findall(r"htmx\.trigger\(\w+, \"([\w:]+)\"", text):
            found.setdefault(event, set()).add(name)

    listed = {
        name: set(re.findall(r"`([\w.]+)`", cells[0])) for name, cells in table("Events").items()
    }

    assert listed == found


def members_set() -> dict[str, str]:
    """Return the script that sets each member of ``window.dashboards``."""
    return {
        member: name
        for name, text in SCRIPTS.items()
        for members in re.findall(r"window\.dashboards = {(.*?)}", text, re.DOTALL)
        for member in members.replace("...window.dashboards,", "").replace(",", " ").split()
    }


def members_read(text: str) -> set[str]:
    """Return the members of ``window.dashboards`` that a script reads."""
    taken_apart = " ".join(re.findall(r"{([^{}]*)} = window\.dashboards;", text))
    return set(re.findall(r"window\.dashboards\.(\w+)", text)) | set(
        re.findall(r"\w+", taken_apart)
    )


def test_reference_lists_each_member_of_window_dashboards_with_its_scripts():
    found = {member: (f"`{name}`", set[str]()) for member, name in members_set().items()}
    for name, text in SCRIPTS.items():
        for member in members_read(text):
            found[member][1].add(name)

    listed = {
        name: (cells[0], set(re.findall(r"`([\w.]+)`", cells[1])))
        for name, cells in table("Members of `window.dashboards`").items()
    }

    assert listed == found


def test_script_that_reads_a_member_is_loaded_after_the_script_that_sets_it():
    html = render_scripts([])
    [later] = re.findall(r'data-dashboards-scripts="([^"]+)"', html)
    paths = [*re.findall(r'src="([^"]+)"', html), *later.split()]
    order = [path.rpartition("/")[2] for path in paths]
    setters = members_set()

    # Templates load the first four, other scripts the last two on first use.
    late = {"origins.js", "pause.js"}
    by_templates = {"kiosk.js", "menus.js", "reader.js", "themes.js"}
    assert set(SCRIPTS) - set(order) == by_templates | late
    assert [
        (name, member)
        for name in order
        for member in members_read(SCRIPTS.get(name, ""))
        if setters[member] not in late and order.index(setters[member]) >= order.index(name)
    ] == []


# In the browser

ADMIN = """
    import sys
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
        STATIC_URL="/static/", LANGUAGE_CODE="en",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib." + each for each in (
            "admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True, "OPTIONS": {"context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages"]}}],
    )
    django.setup()
    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client
    from django.urls import path

    urlpatterns = [path("admin/", admin.site.urls)]
    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    sys.stdout.write(client.get("/admin/").content.decode())
"""


@pytest.fixture
def index() -> str:
    """Return the admin's index, rendered in a project of its own."""
    command = [sys.executable, "-c", dedent(ADMIN)]
    html = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert re.search(r'<body class="[^"]*\bdashboard\b', html)
    return html


STYLES = """() => [...document.querySelectorAll("html, body, body *")].flatMap((element) =>
    ["", "::before", "::after"].map((part) => {
        const style = getComputedStyle(element, part);
        // Custom properties of ours are read by nobody else, and their order is any.
        const names = [...style].filter((name) => !name.startsWith("--dashboards-")).sort();
        return element.tagName + part + names.map((name) => name + style.getPropertyValue(name));
    }))"""
ORIGIN = "http://admin.test"


async def serve(route: Route) -> None:
    name = route.request.url.removeprefix(f"{ORIGIN}/static/")
    of_admin = Path(admin.__file__).parent / "static" / name
    path = of_admin if of_admin.is_file() else finders.find(name)
    await route.fulfill(path=str(path)) if path else await route.fulfill(status=404)


@pytest_asyncio.fixture(loop_scope="session")
async def blank(page: Page) -> Page:
    await page.route(f"{ORIGIN}/static/**", serve)
    return page


async def show(page: Page, html: str) -> None:
    async def answer(route: Route) -> None:
        await route.fulfill(body=html, content_type="text/html; charset=utf-8")

    await page.route(f"{ORIGIN}/page/", answer)
    await page.goto(f"{ORIGIN}/page/")


@pytest.mark.asyncio(loop_scope="session")
async def test_admin_index_with_our_style_sheet_looks_the_same(blank: Page, index: str):
    """A project showed a dashboard's style sheet on its admin, and the index was restyled.

    The real index has the same computed styles with our style sheet and without it.
    """
    await show(blank, index)
    before = await blank.evaluate(STYLES)
    url = f"{ORIGIN}/static/dashboards/css/dashboards.css"

    await blank.add_style_tag(url=url)

    assert len(before) > 200
    after = await blank.evaluate(STYLES)
    assert [new for old, new in zip(before, after, strict=True) if old != new] == []


FIGURES = [
    1_234_567,
    -1234567.891,
    StatData(123_456_789, prefix="€", unit="per month"),
    "1 234 567 890 km",
    "12/31/2026 of 2,147,483,647 rows in a table whose name is averylongnamewithoutspaces",
    10**20,
    "@12:1764332686123456@",
    "+49-170-1234567890123456789012345678901234567890",
]
LINES = """(element) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const broken = [];
    while (walker.nextNode()) {
        const node = walker.currentNode;
        for (const found of node.data.matchAll(/[\\d.,:\\/+-]*\\d(?:[\\d.,:\\/-]| (?=\\d{3}))*/g)) {
            const range = document.createRange();
            range.setStart(node, found.index);
            range.setEnd(node, found.index + found[0].length);
            const tops = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
            if (tops.size > 1) broken.push(found[0]);
        }
    }
    return broken;
}"""


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_number_wider_than_its_box_is_not_broken(browser: Browser, width: int):
    """Two figures stand side by side on a phone, and "1,234,567" was broken after its 5.

    No number in a figure is broken at any width, and what is not too long for a box fits it.
    """
    page = await browser.new_page(viewport={"width": width, "height": 800})
    await page.route(f"{ORIGIN}/static/**", serve)
    boxes = []
    for value in FIGURES:
        component = Stat(key="figure")
        shown = component.prepare_value(value)
        context = {"rendered_value": shown, "component": component}
        boxes.append(render_to_string("dashboards/components/stat.html", context))
    for value in (1_234_567, {"value": 5, "text": "1,234,567,890 of 2,000,000,000"}):
        gauge = Gauge(max=10**10, unit="km", key="gauge")
        drawn = {"rendered_value": gauge.prepare_value(value), "component": gauge}
        boxes.append(render_to_string("dashboards/components/gauge.html", drawn))
    cells = "".join(
        '<section class="dashboards-component span-3">'
        f'<div class="dashboards-component-content">{each}</div></section>'
        for each in boxes
    )
    await show(
        page,
        '<!doctype html><meta name="viewport" content="width=device-width">'
        '<link rel="stylesheet" href="/static/dashboards/css/dashboards.css">'
        '<body class="dashboards-page"><main class="dashboards-dashboard">'
        f'<div class="dashboards-grid">{cells}</div></main>',
    )

    texts = page.locator(".dashboards-stat-text, .dashboards-gauge-text")

    assert [await each.evaluate(LINES) for each in await texts.all()] == [[]] * len(boxes)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    wide = await texts.evaluate_all("all => all.map((each) => each.scrollWidth - each.clientWidth)")
    # But for the last of the Stats, which has more digits than any box is wide.
    assert [each for index, each in enumerate(wide) if index != len(FIGURES) - 1 and each > 1] == []
    await page.close()

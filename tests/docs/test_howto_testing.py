"""docs/howto/testing.md: its project is made, and its tests are run."""

import re
from pathlib import Path

import dashboards.testing
from tests.harness import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.howto import PAGES, Project, read_page

# What pytest-playwright has, with the browser of this machine.
CONFTEST = f"""
import pytest
from playwright.sync_api import sync_playwright


@pytest.fixture
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path={CHROMIUM!r}, args={CHROMIUM_ARGUMENTS!r}
        )
        yield browser.new_page()
        browser.close()
"""
WRONG = """
from shop.test_dashboards import *


class WrongTests(OperationsTestCase):
    def test_wrong(self):
        live = connect(Operations, user=self.ann)
        push(Operations, deploy=30)
        live.expect(deploy=40)
"""


def test_page_runs_under_django_pytest_and_in_a_browser(tmp_path: Path):
    project = Project(tmp_path, {"no such text": ""})
    project.follow(read_page("testing.md"))
    project.add("conftest.py", CONFTEST)
    project.add("shop/wrong.py", WRONG)
    methods = (tmp_path / "shop" / "test_dashboards.py").read_text().count("def test_")
    (message,) = (each.text for each in read_page("testing.md") if each.language == "text")

    names = "shop.test_dashboards shop.wrong.WrongTests.test_wrong"
    output = project.run(f"python manage.py test {names} || true")

    assert f"Ran {methods + 1} tests" in output
    assert "FAILED (failures=1)" in output, output
    assert message in output

    plugins = "-p no:dashboards -p dashboards.pytest_plugin -p no:randomly -p no:cacheprovider"
    output = project.run(f"python -m pytest --ds=mysite.settings {plugins} shop")

    assert "test_browser.py ." in output
    assert f"{methods + 1} passed" in output


def test_page_names_all_that_is_public():
    named = set(re.findall(r"\w+", (PAGES / "testing.md").read_text()))

    # What the functions return.
    assert set(dashboards.testing.__all__) - {"Box", "LivePage", "Page", "Push"} <= named

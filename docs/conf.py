"""Sphinx builds the site from these pages: see ``make docs``.

The source folder is the repository, so that links to SECURITY.md and its like work on GitHub and on
the site alike.
"""

import os
import re
from pathlib import PurePosixPath

import django
from sphinx.application import Sphinx

import dashboards

# The docstrings of modules with models are read, too.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

project = "django-live-dashboards"
author = "django-live-dashboards contributors"
release = dashboards.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

root_doc = "docs/index"
include_patterns = ["docs/**", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
exclude_patterns = [".*", "bench", "build", "demo", "deploy", "scripts", "src", "tests"]

html_theme = "furo"
html_title = project
html_copy_source = False
# The address of the site itself leads to the index.
html_extra_path = ["redirect/index.html"]

# As GitHub names them.
myst_heading_anchors = 4

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_custom_sections = [("Options", "params_style")]


def _add_toctrees(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Add the links of each section of the index to the site's navigation.

    GitHub, which has no toctree, would show the directives as text.
    """
    if docname != root_doc:
        return
    # The tutorial is named in the text.
    trees = ["```{toctree}\n:hidden:\n\n/docs/tutorial\n```\n"]
    for section in re.split(r"^## ", source[0], flags=re.MULTILINE)[1:]:
        caption = section.partition("\n")[0]
        links = re.findall(r"^\| \[[^]]+\]\(([^)#]+\.md)\)", section, re.MULTILINE)
        if links:
            pages = "\n".join(f"/{os.path.normpath(PurePosixPath('docs', link))}" for link in links)
            trees.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n")
    source[0] += "\n" + "\n".join(trees)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("source-read", _add_toctrees)

"""The package's loggers are heard, whenever a project configures logging."""

import json
import logging
import logging.config
import subprocess
import sys

import pytest

from dashboards import logs
from tests.conftest import MakeSite
from tests.harness import free_port, wait_for


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn", "runserver"])
def test_a_store_in_trouble_is_logged_whatever_was_imported_first(make_site: MakeSite, server: str):
    """A project's LOGGING silenced the package, whose edge asgi.py imports before Django configures
    logging (and Django does so again for each application). The store's trouble was said nowhere.
    """
    url = f"redis://127.0.0.1:{free_port()}/0"
    backend = "dashboards.live.stores.redis.RedisStore"
    site = make_site(
        server,
        TEST_STORES=json.dumps({"default": {"BACKEND": backend, "OPTIONS": {"url": url}}}),
        TEST_LOGGING=json.dumps(
            {
                "version": 1,
                "handlers": {"console": {"class": "logging.StreamHandler", "level": "ERROR"}},
                "root": {"handlers": ["console"]},
            }
        ),
    )
    assert site.get("/site/live/")[0] == 200
    wait_for(lambda: "The store of live state does not answer" in site.log)


def test_a_logger_obeys_all_of_the_configuration_but_that_it_is_disabled():
    """What the configuration says of levels and handlers counts; a logger that a project has asked
    for before the package is the same one."""
    code = """
import logging, logging.config
first = logging.getLogger("dashboards.live")
from dashboards.live.asgi import LiveEdge
from dashboards.live import hub
assert hub.logger is first
handler = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}
settings = {"version": 1, "handlers": {"o": handler}, "root": {"handlers": ["o"]}}
logging.config.dictConfig(settings)
hub.logger.error("heard")
logging.config.dictConfig({**settings, "loggers": {"dashboards": {"level": "CRITICAL"}}})
hub.logger.error("silenced by its level")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": "."},
    )
    assert done.stdout == "heard\n"


def test_every_logger_of_the_package_is_one_of_these():
    named = {name for name in logging.root.manager.loggerDict if name.startswith("dashboards")}
    assert named == set(logs.NAMES)

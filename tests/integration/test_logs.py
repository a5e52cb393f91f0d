"""The package's loggers are heard, whenever a project configures logging."""

import json
import logging
import logging.config
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from dashboards import logs
from dashboards.component import Text
from dashboards.dashboard import Dashboard
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
from dashboards.live.asgi import LiveStreamMiddleware
from dashboards.live.fanout import hub
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


# What UTF-8 cannot write

NAME = "proc\udcff"
"""A process's name, as Python decodes one that is not UTF-8."""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """The file of a handler that encodes as UTF-8 and writes the extras of a record, too."""
    path = tmp_path / "log"
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(
        logging.Formatter(
            "%(message)s key=%(key)s channel=%(channel)s", defaults={"key": "", "channel": ""}
        )
    )
    root = logging.getLogger()
    root.addHandler(handler)
    yield path
    root.removeHandler(handler)
    handler.close()


def test_value_that_fails_with_a_surrogate_is_logged_to_a_file(
    settings: Settings, file: Path, capsys: pytest.CaptureFixture[str]
):
    """A value failed over a process whose name is not UTF-8. The file's handler could not encode
    the record and dropped it: nobody read why the box had failed."""
    settings.DASHBOARDS = {**settings.DASHBOARDS, "RAISE_VALUE_ERRORS": False}

    def find() -> str:
        msg = f"{NAME} is gone"
        raise LookupError(msg)

    class Processes(Dashboard):
        first = Text(value=find)

        class Meta:
            app_label = "site"

    Processes(RequestFactory().get("/")).render_components()

    written = file.read_text(encoding="utf-8")
    assert "proc\ufffd is gone" in written
    assert "LookupError" in written
    assert "Logging error" not in capsys.readouterr().err


@pytest.mark.parametrize("name", logs.NAMES)
@pytest.mark.parametrize("place", ["message", "argument", "extra", "traceback"])
def test_record_with_a_surrogate_is_written_to_a_file(
    file: Path, capsys: pytest.CaptureFixture[str], name: str, place: str
):
    places: dict[str, dict[str, Any]] = {
        "message": {"msg": NAME},
        "argument": {"msg": "of %s", "args": (NAME,)},
        "extra": {"msg": "said", "extra": {"key": NAME}},
        "traceback": {"msg": "said", "exc_info": ValueError(NAME)},
    }
    told = places[place]
    logging.getLogger(name).error(told.pop("msg"), *told.pop("args", ()), **told)

    assert "proc\ufffd" in file.read_text(encoding="utf-8")
    assert not capsys.readouterr().err


def test_record_whose_argument_has_no_text_raises_nothing(
    file: Path, capsys: pytest.CaptureFixture[str]
):
    class Rude:
        def __str__(self) -> str:
            msg = "no"
            raise ValueError(msg)

    # Alone: pytest's own handlers raise what a record raises.
    logger = logging.getLogger("dashboards")
    logger.addHandler(handler := logging.FileHandler(file))
    logger.propagate = False
    try:
        logger.error("%s", Rude())
        logger.error("the next")
    finally:
        logger.propagate = True
        logger.removeHandler(handler)
        handler.close()

    assert file.read_text() == "the next\n"
    assert "Logging error" in capsys.readouterr().err

"""The package's loggers work, whenever a project configures logging."""

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

from dashboards import loggers
from dashboards.component import Text
from dashboards.dashboard import Dashboard
from tests.conftest import MakeSite
from tests.harness import free_port, wait_for


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn", "runserver"])
def test_store_failure_logged_regardless_of_import_order(make_site: MakeSite, server: str):
    """Regression: asgi.py imports the package before Django applies LOGGING (which it does again
    for each application), so LOGGING disabled the package's loggers and failures of the store were
    not logged."""
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


def test_logger_ignores_disabled_and_obeys_rest_of_logging():
    """Levels and handlers of LOGGING apply. A logger that a project got before the package was
    imported is the same object."""
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


def test_package_loggers_use_get_logger():
    named = {name for name in logging.root.manager.loggerDict if name.startswith("dashboards")}
    assert named == set(loggers.NAMES)


# A character that UTF-8 cannot encode

NAME = "proc\udcff"
"""A process's name, as Python decodes one that is not UTF-8."""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """The file of a handler that encodes as UTF-8 and also writes a record's extra fields."""
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


def test_value_error_with_surrogate_is_logged(
    settings: Settings, file: Path, capsys: pytest.CaptureFixture[str]
):
    """Regression: a value failed on a process whose name is not UTF-8. The file handler could not
    encode the record and dropped it, so the log did not say why the value had failed."""
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


@pytest.mark.parametrize("name", loggers.NAMES)
@pytest.mark.parametrize("place", ["message", "argument", "extra", "traceback"])
def test_record_with_surrogate_is_written(
    file: Path, capsys: pytest.CaptureFixture[str], name: str, place: str
):
    places: dict[str, dict[str, Any]] = {
        "message": {"msg": NAME},
        "argument": {"msg": "of %s", "args": (NAME,)},
        "extra": {"msg": "said", "extra": {"key": NAME}},
        "traceback": {"msg": "said", "exc_info": ValueError(NAME)},
    }
    fields = places[place]
    logging.getLogger(name).error(fields.pop("msg"), *fields.pop("args", ()), **fields)

    assert "proc\ufffd" in file.read_text(encoding="utf-8")
    assert not capsys.readouterr().err


def test_record_with_failing_str_is_written(file: Path, capsys: pytest.CaptureFixture[str]):
    class Rude:
        def __str__(self) -> str:
            msg = "no"
            raise ValueError(msg)

    # The only handler: pytest's own handlers raise errors of a record.
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

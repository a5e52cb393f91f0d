"""A person finds the unit tests of a module by its name."""

from pathlib import Path

from tests.harness import ROOT

PACKAGE, TESTS = ROOT / "src" / "dashboards", ROOT / "tests" / "unit"


def has_module(test: Path) -> bool:
    """Return True if a module has the name of a file of tests, or that of its folder."""
    module = PACKAGE / test.relative_to(TESTS).with_name(test.name.removeprefix("test_"))
    return (
        module.exists()
        or module.with_suffix("").is_dir()
        or module.parent.with_suffix(".py").exists()
    )


def test_file_of_unit_tests_is_named_as_its_module():
    files = list(TESTS.rglob("test_*.py"))

    assert files
    assert not [each for each in files if not has_module(each)]

"""The bench's own arithmetic: what it counts in the bytes, and what it makes of figures."""

import json
import re
from array import array
from pathlib import Path

import pytest
from django.template.loader import render_to_string

from bench import report
from bench.measures import MEASURES
from bench.report import Row, Target
from bench.rounds import Rounds
from bench.sites import payload
from bench.sites.marks import MARK, mark
from bench.tally import Tally
from dashboards.component import StatData
from dashboards.live.wire.frames import encode_event

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "performance.md"


def chunk(*numbers: int, pushed: int = 1000) -> bytes:
    """One write of a server: events in a chunk of HTTP/1.1."""
    events = b"".join(
        payload.encode(payload.render(f"@{number}:{pushed}@"), f"abc.{number}")
        for number in numbers
    )
    return f"{len(events):x}\r\n".encode() + events + b"\r\n"


def test_floor_and_reference_of_the_bench_write_the_bytes_of_the_package():
    context = {"rendered_value": StatData("7")}
    html = render_to_string("dashboards/components/stat.html", context)
    assert payload.render("7") == html
    assert payload.encode(html, "abc.1") == encode_event("number", html, id="abc.1")


def test_mark_in_a_stream_is_found():
    [(number, pushed)] = MARK.findall(payload.encode(payload.render(mark(12)), "a.1"))
    assert int(number) == 12
    assert int(pushed) > 0


def test_tally_of_a_stream_counts_values_reads_and_ages():
    tally, ages = Tally(), array("q")
    assert tally.take(chunk(1, pushed=1000), 1500, ages) == 0
    assert tally.take(chunk(2, 3, pushed=2000), 2600, ages) == 1600
    assert (tally.values, tally.reads, tally.newest, tally.repeated) == (3, 2, 3, 0)
    assert list(ages) == [500, 600, 600]


def test_tally_of_a_value_that_repeats_counts_one_delivery():
    tally, ages = Tally(), array("q")
    tally.take(chunk(5), 2000, ages)
    tally.take(chunk(5) + chunk(4), 2000, ages)
    assert (tally.values, tally.repeated, tally.newest) == (1, 2, 5)


def test_tally_of_bytes_cut_anywhere_counts_the_same():
    data = chunk(1, 2) + chunk(3)
    for cut in range(1, len(data)):
        tally, ages = Tally(), array("q")
        tally.take(data[:cut], 2000, ages)
        tally.take(data[cut:], 2000, ages)
        assert (tally.values, tally.repeated, tally.newest) == (3, 0, 3), cut


def test_tally_after_a_reset_counts_from_zero():
    tally, ages = Tally(), array("q")
    tally.take(chunk(1), 2000, ages)
    tally.reset()
    assert tally.take(chunk(3), 9000, ages) == 0
    assert (tally.values, tally.reads, tally.newest) == (1, 1, 3)


@pytest.mark.parametrize(
    ("target", "words", "met", "missed"),
    [
        (Target("ours", 8), "at most 8", 8, 9),
        (Target("ratio", 1 / 80), "at most 0.0125 ×", 0.0125, 0.013),  # noqa: RUF001
        (Target("ratio", 6.5, most=False), "at least 6.5 ×", 6.5, 6.4),  # noqa: RUF001
    ],
)
def test_target_is_met_or_missed_as_its_row_says(target, words, met, missed):
    assert str(target) == words
    assert target.met(met)
    assert not target.met(missed)


def test_row_is_met_by_its_ratio_or_its_own_figure():
    row = Row("cpu", "µs", 20.0, Target("ratio", 0.2), reference=100.0, reference_name="them")
    assert row.ratio == pytest.approx(0.2)
    assert row.met
    assert not Row("cpu", "µs", 20.0, Target("ratio", 0.2)).met
    assert Row("p50", "ms", 20.0, Target("ours", 150), reference=1.0, reference_name="them").met


def test_rows_of_several_rounds_are_their_medians():
    figures = Rounds()
    for ours, theirs in ((1, 10), (9, 30), (2, 20)):
        figures.add("cpu", "ours", ours)
        figures.add("cpu", "them", theirs)
    row = figures.row("cpu", Target("ratio", 0.1), to="them", measure="cpu", unit="µs")
    assert (row.ours, row.reference, row.ratio) == (2, 20, 0.1)
    assert row.rounds == {"ours": [1, 9, 2], "them": [10, 30, 20]}
    assert figures.worst("cpu", "ours") == 9


def test_results_replace_the_table_between_the_markers_of_the_page(tmp_path: Path):
    results, page = tmp_path / "latest.json", tmp_path / "page.md"
    rows = [
        Row("cpu", "µs", 20.04, Target("ratio", 0.25), 5012.3, "them", note="As it was."),
        Row("threads", "", 9, Target("ours", 8)),
    ]
    report.write_json(results, rows)
    written = json.loads(results.read_text())
    assert {name: written[0][name] for name in ("ours", "reference", "ratio", "target", "met")} == {
        "ours": 20.04,
        "reference": 5012,
        "ratio": 0.003998,
        "target": "at most 0.25 ×",  # noqa: RUF001
        "met": True,
    }
    page.write_text(f"Before.\n{report.BEGIN}\nold\n{report.END}\nAfter.\n")
    for _ in range(2):  # Writing twice is writing once.
        report.write_page(page, report.table(written))
    text = page.read_text()
    assert "| cpu | 20 µs | 5,012 (them) | 0.004 × | at most 0.25 × | yes |" in text  # noqa: RUF001
    assert "| threads | 9 |  |  | at most 8 | **no** |" in text
    assert "* cpu: As it was." in text
    assert text.startswith("Before.\n")
    assert text.endswith("\nAfter.\n")
    assert "old" not in text


def test_bench_takes_nothing_from_tests_that_needs_pytest():
    # Its environment has none: it once imported tests.chromium, and did not start.
    needs_pytest = re.compile(r"^(import|from) pytest", re.MULTILINE)
    sources = [each.read_text() for each in (ROOT / "bench").rglob("*.py")]
    modules = {
        name
        for source in sources
        for name in re.findall(r"^from (tests\.\w+)", source, re.MULTILINE)
    }
    assert modules
    for name in modules:
        path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
        assert not needs_pytest.search(path.read_text()), name


def test_page_about_performance_names_each_measure():
    assert f"# one of: {', '.join(MEASURES)}\n" in PAGE.read_text()

"""The demo shows the code of a piece: it is cut out of its module with all that it names."""

from demo.pieces.source import Module

CLASS = """\
class Shop(Dashboard):
    count = Stat(value=count)
    other = Stat(value=7)
"""


def cut(above: str, *members: str) -> str:
    return Module(above + CLASS).cut("Shop", frozenset(members))


def test_class_is_cut_to_the_named_members():
    assert cut("", "other") == "\n\nclass Shop(Dashboard):\n    other = Stat(value=7)\n"


def test_imports_are_cut_to_the_names_in_use():
    assert cut("from shop import count, other\n", "count").startswith("from shop import count\n")


def test_definitions_in_use_are_taken_with_theirs_and_others_left_out():
    code = cut("LEAST = 3\nMOST = 5\n# Each time.\ndef count():\n    return LEAST\n", "count")

    assert code.startswith("\n\nLEAST = 3\n\n\n# Each time.\ndef count():\n    return LEAST\n")
    assert "MOST" not in code


def test_comments_for_tools_are_left_out():
    assert "noqa" not in cut("def count():  # noqa: ANN201\n    return 3\n", "count")


LAYOUT = """\
class Shop(Dashboard):
    count = Stat(value=3)

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example("One", Card("count", heading="Orders")),
            Example("Two", "count"),
        )
"""


def test_layout_is_cut_to_the_objects_of_one_example():
    code = Module(LAYOUT).cut("Shop", frozenset(["count"]), "One")

    assert code.endswith("""
    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Card("count", heading="Orders"),
        )
""")


def test_layout_of_an_example_that_has_only_keys_is_left_out():
    assert "Layout" not in Module(LAYOUT).cut("Shop", frozenset(["count"]), "Two")

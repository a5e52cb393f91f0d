"""``live/wire/positions.py``: positions as text, and in comparison."""

import pytest

from dashboards.live.wire.positions import Position, new_epoch


@pytest.mark.parametrize(
    "position",
    [
        Position("a", 0),
        Position("0", 1),
        Position("deadbeef0123", 42),
        Position("z" * 32, 10**18 - 1),
        Position(new_epoch(), 7),
    ],
)
def test_position_is_parsed_from_its_own_text(position: Position):
    assert Position.parse(str(position)) == position


def test_text_of_a_position_is_its_epoch_and_version():
    assert str(Position("abc", 12)) == "abc.12"


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        ".",
        "abc",
        "abc.",
        ".1",
        "abc.1.2",
        "abc.-1",
        "abc.+1",
        "abc.1e3",
        "abc.1_000",
        "abc.0x1",
        " abc.1",
        "abc.1 ",
        "abc.1\n",
        "abc.1\0",
        "\0abc.1",
        "ABC.1",
        "ab-c.1",
        "ab c.1",
        "äbc.1",
        "abc.\u0661",  # an Arabic digit, which int() would read
        "abc.¹",
        "a" * 33 + ".1",
        "abc." + "1" * 19,
        "9" * 100_000,
        "a" * 100_000 + ".1",
        "abc.1,abc.2",
        pytest.param("None", id="the word None"),
    ],
)
def test_malformed_text_is_parsed_as_no_position(token: str | None):
    assert Position.parse(token) is None


@pytest.mark.parametrize(
    ("reader", "knows"),
    [
        (Position("abc", 0), True),
        (Position("abc", 4), True),
        (Position("abc", 5), True),
        (Position("abc", 6), False),  # from the future: the store was set back
        (Position("other", 5), False),
        (Position("other", 1), False),
        (None, False),
    ],
)
def test_position_knows_its_own_past_and_present_only(reader: Position | None, knows: bool):
    assert Position("abc", 5).knows(reader) is knows


def test_epochs_are_unique_and_parsed_from_their_text():
    epochs = [new_epoch() for _ in range(1000)]

    assert len(set(epochs)) == 1000
    assert all(Position.parse(f"{epoch}.1") == Position(epoch, 1) for epoch in epochs)


def test_positions_of_the_same_epoch_and_version_are_equal():
    assert Position("a", 1) == Position("a", 1)
    assert len({Position("a", 1), Position("a", 1), Position("a", 2), Position("b", 1)}) == 3

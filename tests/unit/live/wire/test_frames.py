"""``live/wire/frames.py``: server-sent events, byte by byte, and as the standard reads them."""

import pytest

from dashboards.live.wire.frames import (
    Frame,
    encode_event,
    encode_frames,
    encode_opening,
    encode_release,
    encode_retry,
)
from tests.event_stream import Reader

UNICODE = "Grüße, 世界 🎉 \u2028\u2029\x85\ufeff"


@pytest.mark.parametrize(
    ("data", "encoded"),
    [
        ("plain", b"data: plain\n"),
        ("", b"data: \n"),
        ("a\nb", b"data: a\ndata: b\n"),
        ("a\rb", b"data: a\ndata: b\n"),
        ("a\r\nb", b"data: a\ndata: b\n"),
        ("a\n\rb", b"data: a\ndata: \ndata: b\n"),
        ("a\n\nb", b"data: a\ndata: \ndata: b\n"),
        ("a\r\r\nb", b"data: a\ndata: \ndata: b\n"),
        ("\n", b"data: \ndata: \n"),
        ("a\n", b"data: a\ndata: \n"),
        ("\ra", b"data: \ndata: a\n"),
        ("a\0b", b"data: a\0b\n"),
        ("a\vb\fc\x1cd", b"data: a\x0bb\x0cc\x1cd\n"),
        (" indented", b"data:  indented\n"),
        (": no comment", b"data: : no comment\n"),
        (
            "id: 9\nevent: other\n\nretry: 1",
            b"data: id: 9\ndata: event: other\ndata: \ndata: retry: 1\n",
        ),
        (UNICODE, f"data: {UNICODE}\n".encode()),
    ],
)
def test_data_is_encoded_as_one_field_for_each_line(data: str, encoded: bytes):
    assert encode_event("key", data) == b"event: key\n" + encoded + b"\n"


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ("", ""),
        ("one", "one"),
        ("a\nb\rc\r\nd", "a\nb\nc\nd"),
        ("\n\n", "\n\n"),
        ("\0", "\0"),
        ("  two spaces, a tail  ", "  two spaces, a tail  "),
        ("data: x\n\nevent: stolen\nid: 7", "data: x\n\nevent: stolen\nid: 7"),
        (UNICODE, UNICODE),
    ],
)
def test_data_is_read_as_it_was_sent(data: str, read: str):
    reader = Reader().read(encode_event("key", data, id="e.1"))

    assert reader.events == [("key", read)]
    assert reader.last_event_id == "e.1"


def test_every_field_carries_unicode():
    reader = Reader().read(encode_event(UNICODE, UNICODE, id=UNICODE))

    assert reader.events == [(UNICODE, UNICODE)]
    assert reader.last_event_id == UNICODE


@pytest.mark.parametrize("breaker", ["\r", "\n", "\r\n", "\0"])
@pytest.mark.parametrize("place", ["{}x", "x{}x", "x{}"])
def test_event_name_with_a_line_break_or_nul_is_refused(place: str, breaker: str):
    name = place.format(breaker)

    with pytest.raises(ValueError, match="The event of a server-sent event may not hold") as raised:
        encode_event(name, "data")

    assert repr(name) in str(raised.value)


@pytest.mark.parametrize("breaker", ["\r", "\n", "\r\n", "\0"])
@pytest.mark.parametrize("place", ["{}x", "x{}x", "x{}"])
def test_id_with_a_line_break_or_nul_is_refused(place: str, breaker: str):
    identifier = place.format(breaker)

    with pytest.raises(ValueError, match="The id of a server-sent event may not hold") as raised:
        encode_event("key", "data", id=identifier)

    assert repr(identifier) in str(raised.value)


def test_event_without_an_id_leaves_the_position_of_the_reader():
    reader = Reader(last_event_id="e.1").read(encode_event("key", "data"))

    assert reader.last_event_id == "e.1"


def test_empty_id_is_sent_and_removes_the_position_of_the_reader():
    reader = Reader(last_event_id="e.1").read(encode_event("key", "data", id=""))

    assert reader.last_event_id == ""


def test_retry_is_a_message_of_its_own_without_an_event():
    reader = Reader().read(encode_retry(1500))

    assert reader.retry == 1500
    assert reader.events == []


def test_comment_changes_nothing_for_the_reader():
    reader = Reader(last_event_id="e.1").read(b":\n\n" + encode_event("key", "data") + b": x\n\n")

    assert reader == Reader(events=[("key", "data")], last_event_id="e.1")


def test_only_the_last_event_of_a_batch_carries_the_position():
    frames = [Frame("a", 3, "1"), Frame("b", 4, "2\n3"), Frame("c", 4, "")]

    encoded = encode_frames(frames, "e.4")

    *head, last, nothing = encoded.split(b"\n\n")
    assert nothing == b""
    assert len(head) == 2
    assert all(b"id:" not in event for event in head)
    assert last.splitlines()[:2] == [b"event: c", b"id: e.4"]
    assert Reader().read(encoded).events == [("a", "1"), ("b", "2\n3"), ("c", "")]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_batch_without_its_end_leaves_the_position_of_the_reader(count: int):
    encoded = encode_frames([Frame(f"k{n}", n, "x\ny") for n in range(count)], "e.9")

    positions = {
        Reader(last_event_id="e.1").read(encoded[:length]).last_event_id
        for length in range(len(encoded))
    }

    assert positions == {"e.1"}
    assert Reader(last_event_id="e.1").read(encoded).last_event_id == "e.9"


def test_batch_of_any_iterable_is_encoded():
    event = encode_event("a", "x", id="e.1", version="e.1")
    assert encode_frames([Frame("a", 1, "x")], "e.1") == event


def test_each_event_of_a_batch_has_the_version_of_its_data():
    # Only the end of a batch had a position, so nothing showed that an event came late.
    frames = [Frame("a", 3, "1"), Frame("s", 1, "base"), Frame("s", 4, "1", 1, 9)]
    frames += [Frame("s", 5, "2", 2, 9), Frame("b", 6, "2")]

    encoded = encode_frames(frames, "e.6").decode()

    versions = [line for line in encoded.splitlines() if line.startswith("version: ")]
    assert versions == [f"version: e.{number}" for number in (3, 1, 5, 6)]


def test_opening_has_the_reconnection_time_and_the_heartbeat_interval():
    assert encode_opening(500, 10, 1.5) == b"retry: 500\nbeat: 10\nnow: 1.5\n\n"
    assert Reader().read(encode_opening(500, 0.5, 1)) == Reader(retry=500)


def test_release_is_a_message_of_its_own_without_an_event():
    assert encode_release("3f2a") == b"release: 3f2a\n\n"
    assert encode_release("") == b""
    assert Reader().read(encode_release("3f2a")) == Reader()


def test_batch_without_frames_is_empty():
    assert encode_frames([], "e.1") == b""


def test_frame_is_encoded_once_for_each_epoch_without_a_position():
    frame = Frame("a", 1, "x")

    assert frame.encode("e") == encode_event("a", "x", version="e.1")
    assert frame.encode("e") is frame.encode("e")
    assert frame.encode("f") == encode_event("a", "x", version="f.1")

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.egress.sse import SseError, SseParser


def parse(*chunks: bytes) -> list[bytes]:
    parser = SseParser()
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.finish()


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = [*sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in zip([0, *ends], ends, strict=False)]


STREAM = (
    b"\xef\xbb\xbf: hello\r\n\r\nevent: x\r\ndata: one\r\n\r\n"
    b"data:two\ndata:  lines\nid: 7\n\n\n\ndata\n\ndata: \xc3\xa9\xff\n\ndata: last"
)
EVENTS = [b"one", b"two\n lines", b"", b"\xc3\xa9\xff", b"last"]


def test_events_comments_and_line_ends_are_parsed() -> None:
    assert parse(STREAM) == EVENTS


def test_bare_objects_and_error_fields_are_data() -> None:
    assert parse(b'data: one\n\n{"error":1}\n\nerror: {"code":2}\n\nnote: x\n\n') == [
        b"one",
        b'{"error":1}',
        b'{"code":2}',
    ]


def test_every_single_cut_gives_the_same_events() -> None:
    for place in range(len(STREAM) + 1):
        assert parse(STREAM[:place], STREAM[place:]) == EVENTS


@given(st.lists(st.integers(0, 200)))
def test_any_cuts_give_the_same_events(places: list[int]) -> None:
    assert parse(*cut(STREAM, places)) == EVENTS


line = st.one_of(
    st.binary(max_size=20), st.sampled_from([b"", b"\r", b":", b"data", b"data: x", b"data:{"])
)


@given(st.lists(line), st.lists(st.integers(0, 400)))
def test_any_bytes_cut_anywhere_parse_like_the_whole(lines: list[bytes], places: list[int]) -> None:
    stream = b"\n".join(lines)
    assert parse(*cut(stream, places)) == parse(stream)


def test_line_length_is_bounded() -> None:
    parser = SseParser(max_event_bytes=100)
    for _ in range(10):
        parser.feed(b"0123456789")
    with pytest.raises(SseError):
        parser.feed(b"0123456789")


def test_multi_line_event_size_is_bounded() -> None:
    parser = SseParser(max_event_bytes=100)
    with pytest.raises(SseError):
        parser.feed(b"data: 0123456789\n" * 10)

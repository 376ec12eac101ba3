"""What a client's frame means."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.errors import ErrorCode
from widgets.chat.client_frames import ContactInfoFrame, FeedbackFrame, MessageFrame
from widgets.chat.protocol import FrameError, encode, is_too_big, parse_client_frame, utf16_length
from widgets.tests.golden import GOLDEN

KINDS = {
    "message": "MessageFrame",
    "contact_info": "ContactInfoFrame",
    "regenerate": "RegenerateFrame",
    "stop": "StopFrame",
    "feedback": "FeedbackFrame",
    "page": "PageFrame",
    "new_conversation": "NewConversationFrame",
    "ask_person": "AskPersonFrame",
    "ask_agent": "AskAgentFrame",
    "reply_email": "ReplyEmailFrame",
    "seen": "SeenFrame",
    "survey": "SurveyFrame",
    "action": "ActionFrame",
    "ping": "PingFrame",
}


def parse(raw: str | bytes | None, *, v2: bool = True) -> object:
    return parse_client_frame(raw, v2=v2, message_chars=4_000)


def error_of(raw: str | bytes | None, *, v2: bool = True) -> FrameError:
    with pytest.raises(FrameError) as caught:
        parse(raw, v2=v2)
    return caught.value


@pytest.mark.parametrize("entry", GOLDEN["client"], ids=lambda entry: entry["name"])
def test_every_golden_client_frame_is_parsed(entry: dict[str, object]) -> None:
    frame = parse(json.dumps(entry["frame"]), v2=entry["version"] == "v2")
    assert type(frame).__name__ == KINDS[entry["frame"]["type"]]  # type: ignore[index]


@pytest.mark.parametrize("entry", GOLDEN["refused"], ids=lambda entry: entry["raw"][:40])
def test_every_golden_refusal_is_refused(entry: dict[str, str]) -> None:
    assert error_of(entry["raw"]).code == entry["code"]


@pytest.mark.parametrize("entry", GOLDEN["client"], ids=lambda entry: entry["name"])
def test_base_socket_accepts_only_base_frames(entry: dict[str, object]) -> None:
    raw = json.dumps(entry["frame"])
    if entry["frame"]["type"] in {"message", "contact_info"}:  # type: ignore[index]
        parse(raw, v2=False)
    else:
        assert error_of(raw, v2=False).code == ErrorCode.UNSUPPORTED_FRAME


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"message","content":"binary"}',
        None,
        "null",
        "7",
        "true",
        "[" * 60_000,
        '{"type":' * 9_000,
        '{"type":"message","content":' + "9" * 5_000 + "}",
        '{"type":"message","content":Infinity}',
        '{"type":"message","content":null}',
        '{"type":"message","content":["a"]}',
        '{"type":"message","content":{"a":1}}',
        '{"type":null}',
        '{"type":{}}',
        '{"type":"contact_info","email":7}',
        '{"type":"contact_info","name":["Jane"]}',
        '{"type":"message","content":"x","client_message_id":7}',
        '{"type":"message","content":"x","client_message_id":""}',
        '{"type":"message","content":"x","client_message_id":"' + "a" * 65 + '"}',
        '{"type":"message","content":"x","client_message_id":"a\\n"}',
        '{"type":"feedback","rating":"up"}',
        '{"type":"feedback","message_id":"x"}',
        '{"type":"feedback","message_id":"x","rating":["up"]}',
        '{"type":"feedback","message_id":"x","rating":true}',
        '{"type":"feedback","message_id":7,"rating":"up"}',
        '{"type":"feedback","message_id":"x","rating":"up","comment":7}',
        "\ufeff{}",
        "{'type': 'ping'}",
        '{"type":"ping"} {"type":"ping"}',
    ],
    ids=lambda raw: str(raw)[:40],
)
def test_a_malformed_frame_is_an_invalid_frame(raw: str | bytes | None) -> None:
    assert error_of(raw).code == ErrorCode.INVALID_FRAME


def test_content_is_cleaned_normalised_and_trimmed() -> None:
    raw = json.dumps({"type": "message", "content": "  cafe\u0301\x00\x1b[0m \ud800 ok\t1\n2\r\n "})
    assert parse(raw) == MessageFrame("café[0m \ufffd ok\t1\n2", None)


def test_content_is_counted_in_code_points_after_trimming() -> None:
    frame = parse(json.dumps({"type": "message", "content": " " + "😀" * 4_000 + " "}))
    assert frame == MessageFrame("😀" * 4_000, None)
    assert error_of(json.dumps({"type": "message", "content": "😀" * 4_001})).code == (
        ErrorCode.MESSAGE_TOO_LONG
    )


def test_combining_marks_count_as_they_are_stored() -> None:
    content = "e\u0301" * 3_000
    assert parse(json.dumps({"type": "message", "content": content})) == (
        MessageFrame("é" * 3_000, None)
    )


def test_invisible_content_is_empty() -> None:
    for content in ("\u200b\u200d", "\u00a0\u2003", "\ufeff", "\u202e"):
        raw = json.dumps({"type": "message", "content": content})
        assert error_of(raw).code == ErrorCode.MESSAGE_EMPTY


def test_refused_message_names_its_client_message_id() -> None:
    raw = json.dumps({"type": "message", "content": " ", "client_message_id": "k-1"})
    assert error_of(raw).client_message_id == "k-1"


def test_base_ignores_v2_fields_and_unknown_fields_are_ignored() -> None:
    raw = '{"type":"message","content":"x","client_message_id":"not valid!","later":1}'
    assert parse(raw, v2=False) == MessageFrame("x", None)
    assert parse('{"type":"message","content":"x","later":[1]}') == MessageFrame("x", None)
    assert parse('{"type":"message","content":"x","client_message_id":null}') == (
        MessageFrame("x", None)
    )


def test_contact_fields_are_cleaned_and_optional() -> None:
    raw = '{"type":"contact_info","name":" Ja\\u0000ne ","email":null,"fax":"1"}'
    assert parse(raw) == ContactInfoFrame("Jane", None, None)


def test_feedback_comments_are_cut() -> None:
    raw = json.dumps(
        {"type": "feedback", "message_id": "m", "rating": "down", "comment": "x" * 9_999}
    )
    frame = parse(raw)
    assert isinstance(frame, FeedbackFrame)
    assert (frame.rating, len(frame.comment or "")) == ("down", 2_000)
    frame = parse('{"type": "feedback", "message_id": "m", "rating": "up"}')
    assert frame == FeedbackFrame("m", "up", None)


@given(st.text() | st.binary())
def test_any_text_is_a_frame_or_a_frame_error(raw: str | bytes) -> None:
    for v2 in (True, False):
        with contextlib.suppress(FrameError):
            parse(raw, v2=v2)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from([*KINDS, "session"]) | json_values},
        optional=dict.fromkeys(
            (
                "content",
                "client_message_id",
                "name",
                "email",
                "message_id",
                "rating",
                "comment",
                "url",
                "title",
                "referrer",
                "context",
            ),
            json_values,
        ),
    )
)
def test_any_json_is_a_frame_or_a_frame_error(data: dict[str, object]) -> None:
    try:
        frame = parse(json.dumps(data))
    except FrameError:
        return
    if isinstance(frame, MessageFrame):
        encode({"content": frame.content}).encode("utf-8")
        assert "\x00" not in frame.content


@given(st.text())
def test_utf16_length_matches_javascript(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode("utf-8")
    assert utf16_length(clean) == sum(2 if ord(c) > 0xFFFF else 1 for c in clean)


def test_size_is_counted_in_bytes() -> None:
    assert not is_too_big("a" * 64, 64)
    assert is_too_big("a" * 65, 64)
    assert is_too_big("ä" * 33, 64)
    assert not is_too_big("ä" * 32, 64)
    assert is_too_big(b"a" * 65, 64)
    assert not is_too_big("a" * 99, 0)
    assert not is_too_big(None, 1)

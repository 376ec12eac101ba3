"""Which frames an event becomes on a socket, in whatever order hints come."""

from dataclasses import replace
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from loquent.testing.sockets import kinds
from widgets.chat.client_state import ClientState
from widgets.chat.events import (
    NAMES,
    Event,
    MessagePosted,
    SessionReplaced,
    ShownEvent,
    StopRequested,
    TurnEnded,
    TurnStarted,
    from_wire,
    to_wire,
)
from widgets.tests.golden import is_golden
from widgets.types import MessageData

ASKED = MessageData(id="m1", seq=1, role="user", content="Hi", created_at="2026-01-01T00:00:00Z")
ANSWER = MessageData(
    id="r1", seq=2, role="assistant", content="Hello", created_at="2026-01-01T00:00:01Z"
)
STARTED = TurnStarted("m1", "r1")
ENDED = TurnEnded("m1", "r1", ANSWER)
FAILED = TurnEnded("m1", "r1", None, "Sorry.", client_message_id="key")


def view(
    *, v2: bool = True, replayed_seq: int = 0, unfinished: tuple[str, ...] = ()
) -> ClientState:
    made = ClientState(v2=v2, name="me")
    made.opened(replayed_seq=replayed_seq, unfinished=unfinished)
    return made


def test_sender_does_not_receive_its_own_message() -> None:
    assert view().frames_for(MessagePosted(ASKED, "me")) == []
    assert kinds(view().frames_for(MessagePosted(ASKED, "other tab"))) == ["message"]
    assert view(v2=False).frames_for(MessagePosted(ASKED, "other tab")) == []


def test_messages_in_the_history_are_not_sent_again() -> None:
    shown = view(replayed_seq=2)
    assert shown.frames_for(MessagePosted(ASKED, "other tab")) == []
    assert shown.frames_for(ENDED) == []


def test_a_base_socket_sees_only_its_own_turns_and_those_it_joined() -> None:
    stranger, sender, joined = view(v2=False), view(v2=False), view(v2=False, unfinished=("m1",))
    sender.mark_sent("m1", 1)
    for event in (STARTED, ENDED):
        assert stranger.frames_for(event) == []
    for socket in (sender, joined):
        assert kinds(socket.frames_for(STARTED)) == ["typing_start"]
        assert kinds(socket.frames_for(ENDED)) == ["message", "typing_stop"]


def test_error_goes_to_the_socket_that_started_the_turn() -> None:
    sender, tab = view(), view()
    sender.mark_sent("m1", 1)
    for socket in (sender, tab):
        socket.frames_for(STARTED)
    frames = sender.frames_for(FAILED)
    assert kinds(frames) == ["error", "typing_stop"]
    assert (frames[0]["code"], frames[0]["client_message_id"]) == ("agent_unavailable", "key")
    assert kinds(tab.frames_for(FAILED)) == ["typing_stop"]


def test_a_failed_answer_with_text_is_shown_to_v2_alone() -> None:
    failed = TurnEnded("m1", "r1", replace(ANSWER, status="failed"), "Sorry.")
    new, old = view(), view(v2=False)
    for socket, expected in (
        (new, ["message", "error", "typing_stop"]),
        (old, ["error", "typing_stop"]),
    ):
        socket.mark_sent("m1", 1)
        socket.frames_for(STARTED)
        assert kinds(socket.frames_for(failed)) == expected


def test_missed_typing_start_is_sent_later() -> None:
    assert kinds(view().frames_for(ENDED)) == ["typing_start", "message", "typing_stop"]


def test_turn_without_a_message_sends_no_late_typing_start() -> None:
    assert view().frames_for(TurnEnded("m1", "r1", None)) == []


def test_joining_socket_gets_the_text_so_far_and_the_rest() -> None:
    socket = view(unfinished=("m1",))
    frames = socket.join_answer(message_id="m1", reply_id="r1", text="Hel")
    assert kinds(frames) == ["typing_start", "delta"]
    assert frames[1]["offset"] == 0
    assert socket.is_live("m1", "r1")
    assert kinds(socket.delta(reply_id="r1", offset=3, text="lo")) == ["delta"]
    assert kinds(
        view(v2=False, unfinished=("m1",)).join_answer(message_id="m1", reply_id="r1", text="Hel")
    ) == ["typing_start"]


def test_other_tabs_get_no_deltas() -> None:
    tab = view()
    tab.frames_for(STARTED)
    assert not tab.is_live("m1", "r1")


def test_a_socket_that_moves_closes_its_typing() -> None:
    socket = view()
    socket.frames_for(STARTED)
    assert kinds(socket.leave_turns()) == ["typing_stop"]
    assert socket.leave_turns() == []
    assert socket.frames_for(TurnEnded("m1", "r1", None)) == []


def test_events_survive_the_channel_layer() -> None:
    events: list[Event] = [
        MessagePosted(ASKED, "me"),
        STARTED,
        ENDED,
        FAILED,
        SessionReplaced(
            "s", "wst_secret", True, ["One?"], {"text": "An AI.", "url": None, "consent": True}
        ),
        StopRequested(),
    ]
    assert [from_wire(to_wire(event)) for event in events] == events
    assert "wst_secret" not in repr(events)


def test_every_event_has_a_name_in_the_channel_layer() -> None:
    assert set(NAMES) == set(get_args(Event))


turn_events = st.sampled_from(
    [MessagePosted(ASKED, "other"), STARTED, ENDED, FAILED, TurnEnded("m1", "r1", None)]
)


@given(st.lists(turn_events, max_size=12), st.booleans(), st.booleans(), st.integers(0, 2))
def test_typing_is_paired_whatever_events_arrive(
    events: list[ShownEvent], v2: bool, began: bool, replayed_seq: int
) -> None:
    socket = view(v2=v2, replayed_seq=replayed_seq)
    if began:
        socket.mark_sent("m1", 1)
    frames = [frame for event in events for frame in socket.frames_for(event)]
    open_turns = 0
    for frame in frames:
        assert is_golden(frame, v2=v2)
        open_turns += {"typing_start": 1, "typing_stop": -1}.get(frame["type"], 0)
        assert open_turns in (0, 1)
        if frame["type"] == "message" and frame["role"] == "assistant":
            assert open_turns == 1


def test_a_gap_is_noticed_and_filled_in_any_order() -> None:
    socket = view(replayed_seq=3)
    states = []
    for seq in (5, 4):
        message = replace(ASKED, id=f"m{seq}", seq=seq)
        assert kinds(socket.frames_for(MessagePosted(message, "other"))) == ["message"]
        states.append((socket.has_gap, socket.shown_seq))
    assert states == [(True, 3), (False, 5)]
    again = replace(ASKED, id="m5", seq=5)
    assert socket.frames_for(MessagePosted(again, "")) == []

"""An answer that takes another one's place, and a turn that is tried twice, on one socket."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.testing.sockets import kinds
from widgets.chat.client_state import ClientState
from widgets.chat.events import ShownEvent, TurnEnded, TurnStarted, from_wire, to_wire
from widgets.types import MessageData

FIRST = MessageData(
    id="r1", seq=2, role="assistant", content="First.", created_at="2026-01-01T00:00:01Z"
)
SECOND = replace(FIRST, id="r2", content="Second.")
ENDED = TurnEnded("m1", "r1", FIRST)
AGAIN = TurnStarted("m1", "r2")
REPLACED = TurnEnded("m1", "r2", SECOND, is_replacement=True)
LOST = TurnEnded("m1", "r9", None, "Interrupted.", error_code="interrupted")


def view(*, v2: bool = True, newest_answer: MessageData | None = FIRST) -> ClientState:
    made = ClientState(v2=v2, name="me")
    made.opened(replayed_seq=2, unfinished=(), newest_answer=newest_answer)
    return made


def test_replacement_is_shown_once() -> None:
    socket = view()
    assert kinds(socket.frames_for(AGAIN)) == ["typing_start"]
    frames = socket.frames_for(REPLACED)
    assert kinds(frames) == ["message", "typing_stop"]
    assert (frames[0]["seq"], frames[0]["id"]) == (2, "r2")
    assert socket.frames_for(REPLACED) == []
    assert socket.shown_answer == (2, "r2")


def test_replacement_in_the_history_is_not_shown_again() -> None:
    assert view(newest_answer=SECOND).frames_for(REPLACED) == []


def test_replacement_is_shown_to_a_client_with_full_history() -> None:
    socket = view(newest_answer=None)
    assert socket.frames_for(ENDED) == []
    assert kinds(socket.frames_for(REPLACED)) == ["typing_start", "message", "typing_stop"]


def test_late_earlier_answer_does_not_replace_the_newer() -> None:
    socket = view()
    socket.frames_for(REPLACED)
    assert socket.frames_for(ENDED) == []
    assert socket.shown_answer == (2, "r2")


def test_newer_answer_is_never_reverted() -> None:
    socket = view()
    newest = replace(FIRST, id="r5", seq=4)
    socket.frames_for(TurnEnded("m3", "r5", newest))
    assert socket.frames_for(REPLACED) == []
    assert socket.shown_answer == (4, "r5")


def test_base_socket_sees_no_replacement() -> None:
    socket = view(v2=False)
    assert [*socket.frames_for(AGAIN), *socket.frames_for(REPLACED)] == []


@pytest.mark.parametrize(("rewritten", "joins"), [((), True), (("m1",), False)])
def test_base_socket_joins_if_it_was_shown_no_answer(
    rewritten: tuple[str, ...], joins: bool
) -> None:
    socket = ClientState(v2=False, name="me")
    socket.opened(replayed_seq=2, unfinished=("m1", "m3"), rewritten=rewritten)
    assert bool(socket.join_answer(message_id="m1", reply_id="r2", text="")) is joins
    assert socket.join_answer(message_id="m3", reply_id="r4", text="") == []


def test_requesting_socket_follows_it_and_gets_its_error() -> None:
    socket, tab = view(), view()
    socket.mark_requested("m1")
    assert socket.is_live("m1", "r2")
    failed = TurnEnded("m1", "r2", None, "Sorry.")
    for each in (socket, tab):
        each.frames_for(AGAIN)
    assert kinds(socket.frames_for(failed)) == ["error", "typing_stop"]
    assert kinds(tab.frames_for(failed)) == ["typing_stop"]


def test_a_second_try_ends_the_typing_of_the_first() -> None:
    socket = view()
    socket.frames_for(TurnStarted("m1", "r2"))
    frames = socket.frames_for(TurnStarted("m1", "r3"))
    assert kinds(frames) == ["typing_stop", "typing_start"]
    assert socket.delta(reply_id="r2", offset=0, text="late") == []
    # The first one's process was only slow: its end is not the second one's.
    assert socket.frames_for(TurnEnded("m1", "r2", None, "Sorry.")) == []
    assert kinds(socket.frames_for(TurnEnded("m1", "r3", None))) == ["typing_stop"]


def test_interrupted_turn_ends_with_an_error_and_typing_stop() -> None:
    socket = view()
    socket.mark_requested("m1")
    socket.frames_for(AGAIN)
    assert kinds(socket.frames_for(LOST)) == ["error", "typing_stop"]
    assert socket.typing == frozenset()


def test_turn_with_a_missed_end_can_be_ended() -> None:
    socket = view()
    socket.frames_for(AGAIN)
    assert socket.typing == {"m1"}
    assert kinds(socket.end_turns(["m1", "m7"])) == ["typing_stop"]
    assert kinds(socket.frames_for(REPLACED)) == ["typing_start", "message", "typing_stop"]


def test_the_events_survive_the_channel_layer() -> None:
    assert [from_wire(to_wire(event)) for event in (REPLACED, LOST)] == [REPLACED, LOST]


hints = st.sampled_from(
    [
        *(TurnStarted("m1", "r1"), AGAIN, ENDED, REPLACED, LOST),
        *(TurnEnded("m1", "r2", None, "Sorry."), TurnEnded("m1", "r1", None)),
    ]
)


@given(st.lists(hints, max_size=12), st.booleans(), st.booleans())
def test_typing_is_paired_and_nothing_repeats_whatever_events_arrive(
    events: list[ShownEvent], v2: bool, asked: bool
) -> None:
    socket = view(v2=v2, newest_answer=None)
    if asked:
        socket.mark_requested("m1")
    frames = [frame for event in events for frame in socket.frames_for(event)]
    frames += socket.end_turns(socket.typing)
    open_turns = 0
    for frame in frames:
        open_turns += {"typing_start": 1, "typing_stop": -1}.get(frame["type"], 0)
        assert open_turns in (0, 1)
    assert open_turns == 0
    assert kinds(frames).count("message") <= 1

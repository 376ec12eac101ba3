"""A model's reasoning is no part of its answer, however its text is cut into pieces."""

import itertools

import pytest

from loquent.agents.backends.openai_chat.reasoning import TAGS, ReasoningFilter

ANSWER = "Parcels take two days."

# What the model writes → what visitors read.
REMOVED = {
    "tags": "<think>\nThey ask about parcels.</think>\n\n" + ANSWER,
    "white space before": " \n<think>They ask.</think>" + ANSWER,
    "capitals": "<THINK>They ask.</Think>" + ANSWER,
    "nothing between": "<think>\n\n</think>\n\n" + ANSWER,
    "two blocks": "<think>One.</think>\n<think>Two.</think>\n" + ANSWER,
    "a tag within": "<think>I write <b> and </b>, then <think>.</think>" + ANSWER,
    "closing tag alone": "They ask about parcels.\n</think>\n\n" + ANSWER,
    "closing tag alone at the start": "</think>\n\n" + ANSWER,
    "closing tag alone behind a word": "They ask about parcels</think>" + ANSWER,
    "closing tag alone between sentences": "They ask. </think> " + ANSWER,
    "blanks in the tags": "< think >They ask.</ think >\n\n" + ANSWER,
    "a line break in the tags": "<think\n>They ask.</think\n>" + ANSWER,
    "attributes": '<think type="long" budget=9>They ask.</think>' + ANSWER,
    "an empty tag": "<think/>\n" + ANSWER,
    "an empty tag with a blank": "<think />" + ANSWER,
    "closing tag alone, with blanks": "They ask.\n</ think >\n\n" + ANSWER,
    "thought and solution": "<|begin_of_thought|>\n\nThey ask.\n\n<|end_of_thought|>\n\n"
    "<|begin_of_solution|>\n\n" + ANSWER,
    "thinking and response": "<|START_THINKING|>They ask.<|END_THINKING|>"
    "<|START_RESPONSE|>" + ANSWER,
    "end of thinking alone": "They ask.<|END_THINKING|><|START_RESPONSE|>" + ANSWER,
    "no thinking, but a response": "<|START_RESPONSE|>" + ANSWER,
    "think and answer": "<think>\nThey ask.\n</think>\n<answer>\n" + ANSWER,
    "think and response": "<think>They ask.</think><response>" + ANSWER,
    "channels": "<|channel|>analysis<|message|>They ask.<|end|><|start|>assistant"
    "<|channel|>final<|message|>" + ANSWER,
    "the last channel alone": "<|start|>assistant<|channel|>final<|message|>" + ANSWER,
    "a turn's first line": "<|im_start|>assistant\n" + ANSWER,
    "a turn's header": "<|start_header_id|>assistant<|end_header_id|>\n\n" + ANSWER,
}
KEPT = {
    "plain": ANSWER,
    "mid-sentence": "The tags <think> and </think> hide it.",
    "closing tag in mid-sentence": "Close it with </think> and go on.",
    "inline code": "`</think>` closes it.",
    "quoted": 'A model writes "</think>" there.',
    "fenced code": "Write:\n```\n</think>\n```\nThat is all.",
    "fence with an opening tag": "```\n<think>\nx\n</think>\n```",
    "other tags": "<b>Two</b> days, [see](https://example.com) <thin",
    "half a tag": "2 < 3 and </thin",
    "a tag with another name": "<thinker at=work> and <answers> are no tags.",
    "a long tag": "<think " + "x" * 300 + "> is none.",
    "a mark of the answer later on": "Two days. <answer> and <|START_RESPONSE|> stay.",
    "a closing tag at the end": "Close it with </think>",
    "a bracket at the end": "Parcels [",
}


def shown(pieces: list[str], *, begins_inside: bool = False) -> str:
    reasoning = ReasoningFilter(begins_inside=begins_inside)
    text = ""
    for piece in pieces:
        visible = reasoning.feed(piece)
        text = visible if reasoning.restarted else text + visible
        reasoning.restarted = False
    rest = reasoning.finish()
    return rest if reasoning.restarted else text + rest


def cuts(text: str) -> list[list[str]]:
    """Return the text in one piece, in characters, and cut at every single place and pair."""
    at = range(len(text) + 1)
    pairs = itertools.combinations(range(0, len(text) + 1, 3), 2)
    return [
        [text],
        list(text),
        *([text[:a], text[a:]] for a in at),
        *([text[:a], text[a:b], text[b:]] for a, b in pairs),
    ]


@pytest.mark.parametrize("name", REMOVED)
def test_reasoning_is_removed_wherever_the_text_is_cut(name: str) -> None:
    for pieces in cuts(REMOVED[name]):
        assert shown(pieces).strip() == ANSWER, pieces


@pytest.mark.parametrize(("opening", "closing"), TAGS)
def test_each_pair_of_tags_is_recognised(opening: str, closing: str) -> None:
    assert shown([f"{opening}They ask.{closing}{ANSWER}"]) == ANSWER
    assert shown([f"They ask.\n{closing}\n{ANSWER}"]).strip() == ANSWER


@pytest.mark.parametrize("name", KEPT)
def test_tags_in_code_and_in_sentences_stay(name: str) -> None:
    for pieces in cuts(KEPT[name]):
        assert shown(pieces) == KEPT[name], pieces


def test_reasoning_is_never_shown() -> None:
    reasoning = ReasoningFilter()
    assert [reasoning.feed(piece) for piece in ("<thi", "nk>\n", "They ask.</thi", "nk>\n\n")] == [
        "", "", "", "",
    ]  # fmt: skip
    assert reasoning.feed(ANSWER) == ANSWER


def test_reasoning_without_an_end_yields_no_text() -> None:
    assert shown(["<think>They ask", " about parcels."]) == ""


@pytest.mark.parametrize("name", [name for name in REMOVED if name != "two blocks"])
def test_text_before_the_first_closing_tag_is_hidden_for_known_models(name: str) -> None:
    for pieces in cuts(REMOVED[name]):
        reasoning = ReasoningFilter(begins_inside=True)
        text = "".join(map(reasoning.feed, pieces)) + reasoning.finish()
        assert not reasoning.restarted
        assert text.strip() == ANSWER


@pytest.mark.parametrize("name", [name for name in KEPT if name != "a closing tag at the end"])
def test_answer_without_tags_is_complete_for_models_known_to_omit_the_opening_tag(
    name: str,
) -> None:
    for pieces in cuts(KEPT[name]):
        assert shown(pieces, begins_inside=True) == KEPT[name]


@pytest.mark.parametrize("begins_inside", [False, True])
def test_many_tags_are_parsed_in_linear_time(begins_inside: bool) -> None:
    pieces = ["a </think> b "] * 20_000
    assert shown(pieces, begins_inside=begins_inside) == "".join(pieces)


def test_held_back_text_is_released_at_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loquent.agents.backends.openai_chat.reasoning.MAX_HELD", 10)
    reasoning = ReasoningFilter(begins_inside=True)
    assert reasoning.feed("0123456") == ""
    assert reasoning.feed("789ab") == "0123456789ab"
    assert reasoning.feed("c") == "c"

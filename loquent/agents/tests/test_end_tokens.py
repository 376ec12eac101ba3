"""The tokens that end a turn are no part of an answer, however its text is cut into pieces."""

import pytest

from loquent.agents.backends.openai_chat.end_tokens import EndFilter
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.agents.tests.replies import collect, make_reply

ANSWER = "Parcels take two days."
TOKENS = [
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|end_of_text|>",
    "<|end_of_turn|>",
    "<|END_OF_TURN_TOKEN|>",
    "<|END_RESPONSE|>",
    "<|end_of_solution|>",
    "<|return|>",
    "<|user|>",
    "<｜end▁of▁sentence｜>",
    "<|end▁of▁sentence|>",
    "<end_of_turn>",
    "<end_of_utterance>",
    "<turn|>",
    "</s>",
    "<eos>",
    "<EOT>",
    "[EOS]",
    "[/INST]",
    "[|endofturn|]",
    "</answer>",
    "</s></s></s>",
    "<|im_end|>\n<|endoftext|>",
    "<|eot_id|><|start_header_id|>",
    "</s>" * 900,
]
KEPT = [
    ANSWER,
    "A turn ends with <|im_end|>, or with </s>.",
    "Llama 3 writes <|eot_id|> there, Gemma <end_of_turn> and [EOS] too.",
    'It is "<|im_end|>"',
    "It is `<|im_end|>`",
    "It is `<|im_end|>",
    "```\nuser<|im_end|>\n```",
    "```\nuser<|im_end|>",
    "~~~\nuser</s>",
    "Now <s>9 euros</s>",
    "<answer>A form</answer>",
    "a < b and [",
    "a <",
    "See [the page](https://shop.test) [1][2]",
    "<https://shop.test/help>",
    "It is <b>bold</b>",
    "Write `<|im_end|><|im_start|>` or `</s> [INST]` there.",
    "```\n<|im_end|>\n<|im_start|>user\nHi\n```\nThat is all.",
    "First <|im_start|>, then <|im_end|>, and on.",
    "Array [ ] and list[0]",
    "Half a token <|im_en",
]


def shown(*pieces: str) -> str:
    ends = EndFilter()
    return "".join(map(ends.feed, pieces)) + ends.finish()


def cuts(text: str) -> list[list[str]]:
    places = range(len(text) + 1) if len(text) < 100 else range(0, len(text), 499)
    return [list(text), *([text[:at], text[at:]] for at in places)]


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:40])
@pytest.mark.parametrize("gap", ["", " ", "\n"])
def test_tokens_at_the_end_are_removed_wherever_the_text_is_cut(token: str, gap: str) -> None:
    for answer in (ANSWER, "So:\n```\nls <dir>\n```"):
        for pieces in cuts(f"{answer}{gap}{token}"):
            assert shown(*pieces).rstrip() == answer, pieces
    assert shown(f"{ANSWER}{token}\n").rstrip() == ANSWER


@pytest.mark.parametrize("text", KEPT)
def test_tokens_in_code_and_in_sentences_stay(text: str) -> None:
    for pieces in cuts(text):
        assert shown(*pieces) == text, pieces


@pytest.mark.parametrize(
    "turn",
    [
        "<|im_end|>\n<|im_start|>user\nAnd <b>now</b>?<|im_end|>\n<|im_start|>assistant\nNo.",
        "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAnd now?",
        "<end_of_turn>\n<start_of_turn>user\nAnd [now]?<end_of_turn>\n",
        "</s><|user|>\nAnd now?",
        "</s> [INST] And now? [/INST] No.</s>",
        "<turn|>\n<|turn>user\nAnd now?",
    ],
)
def test_turn_that_the_model_invents_is_removed(turn: str) -> None:
    for pieces in cuts(ANSWER + turn):
        assert shown(*pieces).rstrip() == ANSWER, pieces


def test_text_is_not_delayed_without_reason() -> None:
    ends = EndFilter()
    pieces = ["Two", " <b>", "days</b>", " [", "see", "](", "/a)", "<", "|", "im_end", "|>", "\n"]
    assert list(map(ends.feed, pieces)) == [
        "Two", " <b>", "days</b>", " ", "[see", "](", "/a)", "", "", "", "", "",
    ]  # fmt: skip
    assert ends.finish() == ""


async def test_visitor_reads_no_end_token(endpoint: ScriptedEndpoint) -> None:
    endpoint.push(tokens("<think>They ask.</think>", ANSWER, "<|im", "_end|", ">\n"))
    assert (await collect(make_reply("When?")))[0] == ANSWER
    endpoint.push(tokens("They ask <b>", "now</s>", "\n</think>\n\n", ANSWER, "</s>"))
    assert (await collect(make_reply("When?")))[0].endswith(ANSWER)

"""The mark of an answer that found nothing: removed from the stream, and counted."""

from itertools import combinations

import pytest

from loquent.agents.backends.markers import MarkReader
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.agents.tests.replies import collect, make_reply
from loquent.agents.types import Passage, Source

SHIPPING = Passage("Shipping", "Shipping costs 5 euros.", "https://shop.test/shipping")
ANSWERS = [
    # The model's text, what visitors see, and whether it found nothing.
    ("I don't know. [[none]]", "I don't know. ", True),
    ("I don't know.\n\n[[ None ]].", "I don't know.\n\n.", True),
    ("[[NONE]]", "", True),
    ("No idea. [[none]] But shipping is free.", "No idea.  But shipping is free.", False),
    ("Write `[[none]]` in your template.", "Write `[[none]]` in your template.", False),
    ("Write ``a ` [[none]]`` there.", "Write ``a ` [[none]]`` there.", False),
    ("```\n[[none]]\n\n[[none]]\n```\nSo.", "```\n[[none]]\n\n[[none]]\n```\nSo.", False),
    ("```\nx = 1\n```\nSorry. [[none]]", "```\nx = 1\n```\nSorry. ", True),
    ("The ` key?\n\nNo idea. [[none]]", "The ` key?\n\nNo idea. ", True),
    ("See [[Page]] and [none].", "See [[Page]] and [none].", False),
    ("[[nonesuch]] and [[[none]]]", "[[nonesuch]] and []", True),
    # The output limit came in the middle of the mark.
    ("I don't know. [[non", "I don't know. ", False),
    ("I don't know. [", "I don't know. [", False),
]


def read(*pieces: str) -> tuple[str, bool]:
    reader = MarkReader()
    shown = "".join(reader.feed(piece) for piece in pieces)
    return shown + reader.finish(), reader.is_none


@pytest.mark.parametrize(("written", "shown", "is_none"), ANSWERS)
def test_mark_is_removed_wherever_the_stream_is_split(
    written: str, shown: str, is_none: bool
) -> None:
    assert read(written) == (shown, is_none)
    assert read(*written) == (shown, is_none)
    for first, second in combinations(range(len(written) + 1), 2):
        pieces = (written[:first], written[first:second], written[second:])
        assert read(*pieces) == (shown, is_none), pieces


@pytest.mark.parametrize(
    ("pieces", "text", "outcome", "sources"),
    [
        (
            ("Five ", "euros."),
            "Five euros.",
            "answered",
            (Source(title=SHIPPING.title, url=SHIPPING.url),),
        ),
        (("I don't ", "know. [", "[no", "ne]]"), "I don't know. ", "no_answer", ()),
        (("[[none]]",), "I'm sorry, I don't have an answer to that.", "no_answer", ()),
    ],
)
async def test_refusal_of_a_model_has_an_outcome_and_no_sources(
    endpoint: ScriptedEndpoint,
    pieces: tuple[str, ...],
    text: str,
    outcome: str,
    sources: tuple[Source, ...],
) -> None:
    endpoint.push(tokens(*pieces))
    answer, end = await collect(make_reply("What does shipping cost?", knowledge=[SHIPPING]))
    assert (answer, end.outcome, end.sources) == (text, outcome, sources)
    assert "[[none]]" in (endpoint.requests[0].system_prompt or "")

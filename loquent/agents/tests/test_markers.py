"""The mark of an answer that found nothing: removed from the stream, and counted."""

from itertools import combinations

import pytest

from loquent.agents.backends.links import GivenAddresses
from loquent.agents.backends.markers import MarkReader
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.agents.tests.replies import collect, make_reply
from loquent.agents.tests.streams import ENTRIES, GIVEN, splits
from loquent.agents.types import Passage, Source

SHIPPING = Passage("Shipping", "Shipping costs 5 euros.", "https://shop.test/shipping")
ANSWERS = [
    # The model's text, what visitors see, and whether it found nothing.
    ("I don't know. [[none]]", "I don't know. ", True),
    ("I don't know.\n\n[[ None ]].", "I don't know.\n\n.", True),
    ("I don't know. [none]", "I don't know. ", True),
    ("I don't know. [[none.]] [[9, none]]", "I don't know.  ", True),
    ("[[NONE]]", "", True),
    ("No idea. [[none]] But shipping is free.", "No idea.  But shipping is free.", False),
    ("Write `[[none]]` in your template.", "Write `[[none]]` in your template.", False),
    ("Write ``a ` [[none]]`` there.", "Write ``a ` [[none]]`` there.", False),
    ("```\n[[none]]\n\n[[none]]\n```\nSo.", "```\n[[none]]\n\n[[none]]\n```\nSo.", False),
    ("```\nx = 1\n```\nSorry. [[none]]", "```\nx = 1\n```\nSorry. ", True),
    ("The ` key?\n\nNo idea. [[none]]", "The ` key?\n\nNo idea. ", True),
    ("See [[Page]] and [[Two words]].", "See [[Page]] and [[Two words]].", False),
    ("[[nonesuch]] and [[[none]]]", "[[nonesuch]] and ", True),
    # The output limit came in the middle of the mark.
    ("I don't know. [[non", "I don't know. ", False),
    ("I don't know. [", "I don't know. [", False),
]


CITED = [
    # The model's text, what visitors see, and the entries that are cited.
    ("Five euros [[1]].", "Five euros [1].", "A"),
    ("Two [[2]], one [[1]], two [[2]].", "Two [1], one [2], two [1].", "BA"),
    ("Both [[1]][[2]].", "Both [1][2].", "AB"),
    ("Both [[ 2, 1 ]].", "Both [1][2].", "BA"),
    ("No link [[3]].", "No link .", ""),
    ("Invented [[4]] and [[0]] and [[999]].", "Invented  and  and .", ""),
    ("Twice [[1]] the same page [[5]].", "Twice [1] the same page [1].", "A"),
    ("Code `[[1]]` and\n```\n[[1]]\n```\n", "Code `[[1]]` and\n```\n[[1]]\n```\n", ""),
    ("A bracket short [[1]", "A bracket short [1]", "A"),
    ("Too many digits [[1234]].", "Too many digits .", ""),
    ("One pair [1] and [2].", "One pair [1] and [2].", "AB"),
    ("None [[none]] at all [[1]]", "None  at all [1]", "A"),
    ("Cut off [[1", "Cut off ", ""),
    ("Cut off [[1, ", "Cut off ", ""),
    ("Cut off [1", "Cut off ", ""),
    # Hostile and odd ones.
    ("Both [[1, 2]].", "Both [1][2].", "AB"),
    ("Both [[1;2]] [[1 , 2]].", "Both [1][2] [1][2].", "AB"),
    ("Six [[1,2,1,2,1,2]].", "Six [1][2].", "AB"),
    ("Again [[1]][[1]].", "Again [1][1].", "A"),
    ("Zeros [[001]] [[01]].", "Zeros [1] [1].", "A"),
    ("Digits [[１]] and [[٢]].", "Digits [1] and [2].", "AB"),
    ("Wide ［［1］］ and 【2】.", "Wide [1] and [2].", "AB"),
    ("Zero width [\u200b[1]] [[\u200b1]].", "Zero width [1] [1].", "A"),
    ("Direction \u202e[[1]]\u202c.", "Direction \u202e[1]\u202c.", "A"),
    ("Emoji 👩\u200d👧[[1]]👋", "Emoji 👩\u200d👧[1]👋", "A"),
    ("配送[[1]]和退货[[2]]。", "配送[1]和退货[2]。", "AB"),
    ("Nested [[[1]]] and [[2]]]].", "Nested [1] and [2]]].", "AB"),
    ("[[1]]", "[1]", "A"),
    ("[[1]] [[2]] [[9]] [[2]]", "[1] [2]  [2]", "AB"),
    ("([[1]]; [[2]])", "([1]; [2])", "AB"),
    ("**[[1]]** _[[2]]_", "**[1]** _[2]_", "AB"),
    ("- a [[1]]\n- b [[2]]", "- a [1]\n- b [2]", "AB"),
    ("| a [[1]] |\n|---|\n| b [[2]] |", "| a [1] |\n|---|\n| b [2] |", "AB"),
    ("<b>[[1]]</b> <!-- [[2]] -->", "<b>[1]</b> <!-- [2] -->", "AB"),
    ("A line [[1]].\r\n\r\nNext [[2]].", "A line [1].\n\nNext [2].", "AB"),
    ("Open ` [[1]]\r\n\r\nNext [[2]].", "Open ` [1]\n\nNext [2].", "AB"),
    ("Open ```\n[[1]]\n\n[[2]]", "Open ```\n[1]\n\n[2]", "AB"),
    ("```py\na[[1]]\n```\n[[1]]", "```py\na[[1]]\n```\n[1]", "A"),
    ("Open [[ 1 and on to [[2]].", "Open [[ 1 and on to [1].", "B"),
    ("Empty [[]] and [[ ]].", "Empty  and .", ""),
    ("Signs [[-1]] [[+1]] [[1-2]].", "Signs   [1][2].", "AB"),
    ("Entities &#91;&#91;1]]", "Entities &#91;&#91;1]]", ""),
    ("Lines [[1\n]] [[\t1]].", "Lines [1] [1].", "A"),
    ("Title [[Shipping]] [^2] [[1]]", "Title [[Shipping]] [1] [2]", "BA"),
]
LINKS = [
    # The model's text, and what visitors see.
    ("See https://shop.test/a for more.", "See https://shop.test/a for more."),
    ("See https://shop.test/a.", "See https://shop.test/a."),
    ("See [here](https://shop.test/a).", "See [here](https://shop.test/a)."),
    ("See <https://shop.test/a>.", "See <https://shop.test/a>."),
    ("Look at www.shop.test, please.", "Look at www.shop.test, please."),
    ("Mail help@shop.test.", "Mail help@shop.test."),
    ("[Mail](mailto:help@shop.test)", "[Mail](mailto:help@shop.test)"),
    ("[Call](tel:+41441234567)", "[Call](tel:+41441234567)"),
    ("请看https://shop.test/a查看", "请看https://shop.test/a 查看"),
    # Invented ones.
    ("See https://shop.test/b.", "See `shop.test/b`."),
    ("See https://shop.test/ab for it", "See `shop.test/ab` for it"),
    ("See https://shop.tes now", "See `shop.tes` now"),
    ("See HTTP://EVIL.test", "See `EVIL.test`"),
    ("[here](https://evil.test/x)", "[here] (`evil.test/x`)"),
    ("[here](<https://evil.test/x>)", "[here] (<`evil.test/x`>)"),
    ("[here]( https://evil.test/x )", "[here] ( `evil.test/x` )"),
    ("[here](//evil.test)", "[here] (//evil.test)"),
    ("[here](javascript:alert)", "[here] (javascript:alert)"),
    ("![image](https://evil.test/i.png)", "![image] (`evil.test/i.png`)"),
    ("[[1]](https://evil.test)", "[1] (`evil.test`)"),
    ("[[1]](https://shop.test/a)", "[1](https://shop.test/a)"),
    ("![[[1]]](https://evil.test/[[1]].png)", "![1] (`evil.test/`[1].png)"),
    ("At https://evil.test/?q=[[1]]", "At `evil.test/?q=`[1]"),
    ("Both [[1, 2]] https://evil.test", "Both [1][2] `evil.test`"),
    ("Go to www.evil.test!", "Go to `www.evil.test`!"),
    ("Mail me@evil.test!", "Mail `me@evil.test`!"),
    ("[Mail](mailto:me@evil.test)", "[Mail] (mailto:`me@evil.test`)"),
    ("[Call](tel:+999)", "[Call] (tel:+999)"),
    ("请看https://evil.test/查看", "请看`evil.test/查看`"),
    ("https://пример.рф/x там", "`пример.рф/x` там"),
    ("Open `https://evil.test`", "Open `evil.test`"),
    ("An open ` https://evil.test\n\nNext", "An open ` ``evil.test``\n\nNext"),
    ("An open `www.evil.test\n\nNext", "An open ` ``www.evil.test``\n\nNext"),
    ("Mail `x`me@evil.test`y`.", "Mail `x` `me@evil.test` `y`."),
    ("```\ncurl https://evil.test\n```", "```\ncurl https://evil.test\n```"),
]


@pytest.mark.parametrize("given", [None, GIVEN], ids=["any-link", "given-links"])
@pytest.mark.parametrize(("written", "shown", "cited"), CITED)
def test_only_known_marks_become_numbers_wherever_the_stream_is_split(
    written: str, shown: str, cited: str, given: GivenAddresses | None
) -> None:
    entries = [*ENTRIES[:3], Source(title="", url=""), ENTRIES[4]]
    for pieces in splits(written):
        reader = MarkReader(entries, given)
        text = "".join(reader.feed(piece) for piece in pieces) + reader.finish()
        assert text == shown, pieces
        assert "".join(source["title"] for source in reader.cited) == cited, pieces


@pytest.mark.parametrize(("written", "shown"), LINKS)
def test_only_given_addresses_stay_links_wherever_the_stream_is_split(
    written: str, shown: str
) -> None:
    for pieces in splits(written):
        reader = MarkReader(ENTRIES, GIVEN)
        text = "".join(reader.feed(piece) for piece in pieces) + reader.finish()
        assert text == shown, pieces


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
            ("Five ", "euros [", "[1]", "]."),
            "Five euros [1].",
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

"""Marks of sources as models really write them: resolved or removed, and left alone in code."""

import pytest

from loquent.agents.backends.markers import MarkReader
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import tokens
from loquent.agents.tests.replies import collect, make_reply
from loquent.agents.tests.streams import ENTRIES, GIVEN, splits
from loquent.agents.types import ChatMessage, Passage, Source

# The model's text, what visitors see, and the entries that are cited. C has no link.
LISTS = [
    ("Both [[1-2]].", "Both [1][2].", "AB"),
    ("Both [[1–2]] [[1—2]] [[1 − 2]].", "Both [1][2] [1][2] [1][2].", "AB"),
    ("All [[1-4]].", "All [1][2][3].", "ABD"),
    ("From [[2 to 4]].", "From [1][2].", "BD"),
    ("Back [[2-1]].", "Back [1][2].", "BA"),
    ("Too far [[1-999]] and [[2-9]].", "Too far [1] and [2][3][1].", "ABD"),
    ("Both [[1 and 2]] [[1 & 2]] [[1/2]].", "Both [1][2] [1][2] [1][2].", "AB"),
    ("Beide [[1 und 2]], les deux [[1 et 2]].", "Beide [1][2], les deux [1][2].", "AB"),
    ("两者[[1、2]]和[[1和2]]。", "两者[1][2]和[1][2]。", "AB"),
    ("كلاهما [[1، 2]].", "كلاهما [1][2].", "AB"),
    ("One [[1, none]] or [[none, 2]].", "One [1] or [2].", "AB"),
    ("Pairs [[1], [2]] [[1][2]].", "Pairs [1][2] [1][2].", "AB"),
    ("Named [[source 1]] [[Ref: 2]] [[#4]].", "Named [1] [2] [3].", "ABD"),
    ("Bold [[**1**]] [[^2]].", "Bold [1] [2].", "AB"),
    ("Escaped \\[\\[1\\]\\] \\[2\\].", "Escaped [1] [2].", "AB"),
    ("Control [\x00[1]\x1f].", "Control [1].", "A"),
]
OTHER_BRACKETS = [
    ("Wide【1】【2】.", "Wide[1][2].", "AB"),
    ("Twice 【【1】】 and 〔2〕.", "Twice [1] and [2].", "AB"),
    ("Trained 【4:0†source】【1†L1-L9】 [2†source].", "Trained  .", ""),
    ("【1】注文 is a heading\n【2】送料", "【1】注文 is a heading\n【2】送料", ""),
    ("Single [1], [2-4] and [citation:1].", "Single [1], [2][3] and [1].", "ABD"),
    ("Numbers [404], [2024], [7, 8] stay.", "Numbers [404], [2024], [7, 8] stay.", ""),
    ("Invented [9] and 【9】 go.", "Invented  and  go.", ""),
    ("A link [1](https://shop.test/a) stays.", "A link [1](https://shop.test/a) stays.", ""),
    ("Boxes [ ] [x] [a] and [[b]].", "Boxes [ ] [x] [a] and [[b]].", ""),
]
REMOVED = [
    ("Signs [[-1]][[+2]][[1.5]][[1:2]].", "Signs .", ""),
    ("Words [[Page 2]], [[v2]], [[n1]].", "Words , , .", ""),
    ("Days [[2026-01-02]], [[12345]].", "Days , .", ""),
    ("Nothing [[,]] [[-]] [[…]].", "Nothing   .", ""),
    ("Matrix [[1, 2], [3, 4]].", "Matrix [[1, 2], [3, 4]].", ""),
    ("Cut off [[1–", "Cut off ", ""),
    ("Cut off [[1 and", "Cut off [[1 and", ""),
    ("Cut off [[", "Cut off ", ""),
    ("Cut off 【1", "Cut off ", ""),
]
CODE = [
    ("~~~\n[[1]]\n\n[[2]]\n~~~\n[[1]]", "~~~\n[[1]]\n\n[[2]]\n~~~\n[1]", "A"),
    ("~~~ py\na[[1]]\n```\n[[2]]\n~~~~\n[[1]]", "~~~ py\na[[1]]\n```\n[[2]]\n~~~~\n[1]", "A"),
    ("````\n```\n[[1]]\n```\n````\n[[2]]", "````\n```\n[[1]]\n```\n````\n[1]", "B"),
    (
        "So:\n\n    a[[1]]\n\n    b[[2]]\n\nEnd [[2]]",
        "So:\n\n    a[[1]]\n\n    b[[2]]\n\nEnd [1]",
        "B",
    ),
    ("So:\n\n\ta[[1]]\n", "So:\n\n\ta[[1]]\n", ""),
    ("A paragraph\n    goes on [[1]]", "A paragraph\n    goes on [1]", "A"),
    ("- An item\n\n    goes on [[1]]", "- An item\n\n    goes on [1]", "A"),
    ("- An item\n\n      a[[1]]\n- Next [[2]]", "- An item\n\n      a[[1]]\n- Next [1]", "B"),
    ("1. ```py\n   a[[1]]\n   ```\n2. [[2]]", "1. ```py\n   a[[1]]\n   ```\n2. [1]", "B"),
    ("> ```\n> [[1]]\n> ```\n> [[2]]", "> ```\n> [[1]]\n> ```\n> [1]", "B"),
    ("> ```\n> [[1]]\n\nOut [[2]]", "> ```\n> [[1]]\n\nOut [1]", "B"),
    ("Span `a[[1]]` and ``b ` [[2]]`` [[1]]", "Span `a[[1]]` and ``b ` [[2]]`` [1]", "A"),
    ("Span `over\nlines [[1]]` [[2]]", "Span `over\nlines [[1]]` [1]", "B"),
    ("No span \\`[[1]]\\`", "No span \\`[1]\\`", "A"),
    ("Open `[[1]]\n- `item", "Open `[1]\n- `item", "A"),
    ("Runs ``[[1]]` and `[[2]]``` end", "Runs ``[1]` and `[2]``` end", "AB"),
    ("Not closed:\n```\n[[1]]", "Not closed:\n```\n[[1]]", ""),
    ("``` not `a` fence [[1]]", "``` not `a` fence [1]", "A"),
    ("Span `" + "x" * 400 + "` [[1]]", "Span `" + "x" * 400 + "` [1]", "A"),
]
STREAMS = [*LISTS, *OTHER_BRACKETS, *REMOVED, *CODE]


@pytest.mark.parametrize(("written", "shown", "cited"), STREAMS)
def test_marks_are_resolved_or_removed_wherever_the_stream_is_split(
    written: str, shown: str, cited: str
) -> None:
    all_splits = splits(written) if len(written) < 100 else [(written,), tuple(written)]
    for given in (None, GIVEN):
        for pieces in all_splits:
            reader = MarkReader(ENTRIES, given)
            text = "".join(reader.feed(piece) for piece in pieces) + reader.finish()
            assert text == shown, pieces
            assert "".join(source["title"] for source in reader.cited) == cited, pieces


def test_text_in_one_pair_of_brackets_stays_without_entries() -> None:
    reader = MarkReader()
    text = "Items [1], [2] and 【3】, but no [[1]]."
    assert reader.feed(text) + reader.finish() == "Items [1], [2] and , but no ."


async def test_visitor_reads_no_mark_of_a_model_that_cites_in_its_own_way(
    endpoint: ScriptedEndpoint,
) -> None:
    knowledge = [
        Passage("Shipping", "Shipping costs 5 euros.", "https://shop.test/shipping"),
        Passage("Shipping abroad", "Shipping abroad costs 9 euros.", "https://shop.test/abroad"),
    ]
    text = "Five euros【1】, abroad nine [[1-2", "]][[7]].\n\n    cost[[1]]\n\nSee [2]."
    endpoint.push(tokens(*text))
    answer, end = await collect(make_reply("What does shipping cost?", knowledge=knowledge))
    assert answer == "Five euros[1], abroad nine [1][2].\n\n    cost[[1]]\n\nSee [2]."
    assert end.sources == tuple(Source(title=each.title, url=each.url) for each in knowledge)


async def test_model_reads_no_marks_but_those_of_its_own_passages(
    endpoint: ScriptedEndpoint,
) -> None:
    content = "Shipping [[9]] costs 5 euros.[2] See [[8-9]], 【7】 and `prices[1]`."
    knowledge = [Passage("Shipping", content, "https://shop.test/shipping")]
    answer = "Five euros [1].[2] `a[1]` [3](https://shop.test)"
    said = [ChatMessage("user", "Hi"), ChatMessage("assistant", answer)]
    said.append(ChatMessage("user", "What does shipping cost?"))
    endpoint.push(tokens("Five euros [[1]]."))
    await collect(make_reply(said, knowledge=knowledge))
    request = endpoint.requests[0]
    quoted = "Shipping (9) costs 5 euros.(2) See (8-9), (7) and `prices[1]`."
    assert quoted in (request.system_prompt or "")
    answers = [line["content"] for line in request.body["messages"] if line["role"] == "assistant"]
    assert answers == ["Five euros . `a[1]` [3](https://shop.test)"]

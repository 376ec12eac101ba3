"""Files of test questions: all of one is added, or nothing, with a reason per line."""

import json

import pytest

from loquent.agents.models import AgentQuestion, TextAgent
from loquent.agents.services import questions
from loquent.agents.services.questions import import_questions, read_lines
from loquent.errors import ApplicationError
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent

pytestmark = pytest.mark.django_db
GOOD = {"question": "Do you repair skis?", "expect": "none"}


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


WRONG = [
    ("{", "not valid JSON"),
    ("{]", "The line is not valid JSON."),
    ("question,expect", "not valid JSON"),
    ("[]", "one JSON object per line"),
    ("[" * 100_000, "not valid JSON"),
    (json.dumps({**GOOD, "answer": "No"}), "answer: There is no such field"),
    (json.dumps({"question": 1}), "must be strings"),
    (json.dumps({"expect": "none"}), "question: This field cannot be blank"),
    (json.dumps({**GOOD, "question": "\x00"}), "question: This field cannot be blank"),
    (json.dumps({**GOOD, "question": "x" * 2_001}), "at most 2000 characters"),
    (json.dumps({**GOOD, "expect": "maybe"}), "is not a valid choice"),
    (json.dumps({"question": "Skis?"}), "Name the entry"),
    (json.dumps({"question": "Skis?", "entry": "Nowhere"}), "no entry with this id or title"),
    (json.dumps(GOOD), "Line 1 asks the same question"),
    (json.dumps({**GOOD, "question": " Do you\u00a0repair  skis?"}), "Line 1 asks the same"),
]


@pytest.mark.parametrize(("line", "reason"), WRONG)
def test_wrong_line_is_named_with_its_reason(agent: TextAgent, line: str, reason: str) -> None:
    with pytest.raises(ApplicationError) as caught:
        import_questions(agent=agent, lines=[json.dumps(GOOD), "", line])
    [(place, [sentence])] = caught.value.fields.items()
    assert (place, reason in sentence) == ("line 3", True), sentence
    assert not sentence.startswith("line")
    assert AgentQuestion.objects.count() == 0


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_file_without_questions_is_refused(agent: TextAgent, data: bytes) -> None:
    with pytest.raises(ApplicationError, match="no questions"):
        import_questions(agent=agent, lines=read_lines(data))


def test_more_questions_than_an_agent_may_have_are_refused(
    agent: TextAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "MAX_QUESTIONS", 1)
    lines = [json.dumps(GOOD), json.dumps({**GOOD, "question": "Skis?"})]
    with pytest.raises(ApplicationError, match="at most 1 test questions"):
        import_questions(agent=agent, lines=lines)


def test_lines_end_with_line_feeds_only(agent: TextAgent) -> None:
    texts = ["One\u2028two\x85three?", "Lone \ud800 half?", "Nul\x00?"]
    rows = [json.dumps({**GOOD, "question": texts[0]}, ensure_ascii=False)]
    rows += [json.dumps({**GOOD, "question": text}) for text in texts[1:]]
    data = b"\xef\xbb\xbf" + "\r\n".join(rows).encode()
    assert import_questions(agent=agent, lines=read_lines(data)) == (3, 0, 0)
    stored = set(AgentQuestion.objects.values_list("question", flat=True))
    assert stored == {texts[0], "Lone \ufffd half?", "Nul?"}


def test_questions_that_are_there_already_are_updated_or_left_alone(
    agent: TextAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    cafe = {"question": "Le caf\u00e9 ferme quand ?", "expect": "none"}
    after = {**GOOD, "previous": "Do you sell skis?"}
    upper = {**GOOD, "question": "DO YOU REPAIR SKIS?"}
    first = [json.dumps(row) for row in (GOOD, cafe, after, upper)]
    assert import_questions(agent=agent, lines=first).sentence() == "4 questions added."
    AgentQuestion.objects.update(was_right=True)
    # All four again would be too many.
    monkeypatch.setattr(questions, "MAX_QUESTIONS", 5)
    again = import_questions(agent=agent, lines=first)
    assert again.sentence() == "0 questions added, 4 unchanged."
    changed = [
        {**GOOD, "question": " Do you  repair\tskis? ", "expect": "person"},
        {**cafe, "question": "Le cafe\u0301 ferme quand ?"},
        {**after, "expect": "person"},
        {"question": "Skis?", "expect": "none"},
    ]
    third = import_questions(agent=agent, lines=[json.dumps(row) for row in changed])
    assert third.sentence() == "1 question added, 2 updated, 1 unchanged."
    rows = AgentQuestion.objects.values_list("question", "previous", "expect", "was_right")
    assert sorted(rows, key=str) == sorted(
        [
            (GOOD["question"], "", "person", None),
            (GOOD["question"], after["previous"], "person", None),
            (upper["question"], "", "none", True),
            (cafe["question"], "", "none", True),
            ("Skis?", "", "none", None),
        ],
        key=str,
    )


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "cp1251"])
def test_other_encodings_are_refused(encoding: str) -> None:
    text = "Größe" if encoding == "latin-1" else "Размер"
    with pytest.raises(UnicodeDecodeError):
        read_lines(text.encode(encoding))

"""Documentation avoids words that readers have to decode; each failure names a better one."""

import re
from pathlib import Path

import pytest

from loquent.tests.documents import ROOT, pages, without_blocks

# Whole words, in any case, and what to write instead. Add a pattern only if it has no good use.
BETTER = {
    r"(for|as) who|whoever|(no|some)body who": 'the actor: "clients that", "anyone who"',
    r"anew": '"again", or a verb such as "recreate" or "restart"',
    r"mend(s|ed|ing)?": '"fix"',
    r"let(s|ting)? go": '"disconnect", "close" or "drop"',
    r"what comes short": '"bottlenecks"',
    r"time-outs?": '"timeout"',
    r"look-ups?": '"lookup"',
    r"start-up options?": '"startup option"',
    r"(sign|log)-(in|out)s?": '"login", "logout"; as verbs "log in", "log out"',
    r"stands? (below|beside|there|in the (admin|database|log|form|table|list|panel))": '"is"',
    r"from then on": '"afterwards"',
    r"all the same": '"still"',
    r"where (it|there) (is|are) (no|none|nothing)": '"if there is no"',
    r"(it|this) is none": "the positive",
    r"(messages|requests|answers|replies|frames|tokens|rows) an? (second|minute|hour|day)": '"per"',
    r"(one|once|\d+) an? (second|minute|hour|day|file|row|line)": '"per"',
}
_PATTERNS = {
    re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE): better
    for pattern, better in BETTER.items()
}
_CODE_OR_TARGET = re.compile(r"`[^`\n]*`|\]\([^)]*\)")
# benchmarks/report.py writes this page.
EXEMPT = {"benchmarks/RESULTS.md"}
PAGES = {name: page for page in pages() if (name := str(page.relative_to(ROOT))) not in EXEMPT}


def better_words(markdown: str) -> list[str]:
    """Return a hint for every match outside code and link targets."""
    prose = " ".join(_CODE_OR_TARGET.sub("`", without_blocks(markdown)).split())
    return [
        f"Write {better}, not {match[0]!r}."
        for pattern, better in _PATTERNS.items()
        for match in pattern.finditer(prose)
    ]


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_page_uses_plain_words(page: Path) -> None:
    assert better_words(page.read_text(encoding="utf-8")) == []


def test_hint_names_a_better_word() -> None:
    assert better_words("This guide is\nfor who builds it.") == [
        'Write the actor: "clients that", "anyone who", not \'for who\'.'
    ]
    assert better_words("Twelve lookups per day, and `mend` [here](anew.md#time-outs).") == []

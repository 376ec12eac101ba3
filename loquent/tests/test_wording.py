"""Documentation and comments avoid words that readers have to decode, for which it names others."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from loquent.tests.documents import ROOT, pages, without_blocks

# Whole words, in any case, and what to write instead. Add a pattern only if it has no good use.
BETTER = {
    r"(for|as) who|whoever|(no|some)body": 'the actor: "clients that", "anyone who", "no one"',
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
    r"can be had": '"is available"',
    r"by now": '"now" or "already"',
    r"meanwhile": '"in the meantime", or what happens then',
    r"under way": '"running" or "unfinished"',
    r"for ever": '"forever"',
    r"in doubt": '"if it is unclear"',
    r"a great many": '"many"',
    r"g[ai]ven? back|gives? back": '"return" or "release"',
    r"processor time": '"CPU time"',
    r"spen[dt](ing)? (a |no )?tokens?": '"use tokens"',
    r"pages of staff": '"staff pages"',
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
# Comments are checked in the product, not in its tests and migrations.
CODE = sorted(
    path
    for app in ("loquent", "contacts", "widgets")
    for path in (ROOT / app).rglob("*.py")
    if not {"tests", "testing", "migrations"} & set(path.relative_to(ROOT).parts)
)
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”|`[^`]*`')
_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
PAGES = {name: page for page in pages() if (name := str(page.relative_to(ROOT))) not in EXEMPT}


def better_words(markdown: str) -> list[str]:
    """Return a hint for every match outside code and link targets."""
    return hints(_CODE_OR_TARGET.sub("`", without_blocks(markdown)))


def hints(text: str) -> list[str]:
    """Return a hint for every match."""
    prose = " ".join(text.split())
    return [
        f"Write {better}, not {match[0]!r}."
        for pattern, better in _PATTERNS.items()
        for match in pattern.finditer(prose)
    ]


def comments(source: str) -> Iterator[str]:
    """Yield each docstring, and all comments together, as one may continue on the next line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _WITH_DOCSTRING):
            yield ast.get_docstring(node) or ""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    yield "\n".join(token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT)


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_page_uses_plain_words(page: Path) -> None:
    assert better_words(page.read_text(encoding="utf-8")) == []


@pytest.mark.costly
def test_comments_use_plain_words() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hint}"
        for path in CODE
        for comment in comments(path.read_text(encoding="utf-8"))
        for hint in hints(_QUOTED.sub("`", comment))
    ]
    assert found == []


def test_docstrings_and_comments_are_found() -> None:
    source = 'def answer():\n    """Answer anew."""\n    # Then\n    # let go.\n'
    assert [hint for comment in comments(source) for hint in hints(comment)] == [
        'Write "again", or a verb such as "recreate" or "restart", not \'anew\'.',
        'Write "disconnect", "close" or "drop", not \'let go\'.',
    ]


def test_hint_names_a_better_word() -> None:
    assert better_words("This guide is\nfor who builds it.") == [
        'Write the actor: "clients that", "anyone who", "no one", not \'for who\'.'
    ]
    assert better_words("Twelve lookups per day, and `mend` [here](anew.md#time-outs).") == []

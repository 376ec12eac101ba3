"""The documentation holds together: links lead somewhere, and nothing private stands in it."""

import re
from pathlib import Path

import pytest

from loquent.tests.documents import ROOT, anchors, links, pages, read

# What belongs to one machine or to nobody's eyes.
FORBIDDEN = tuple(f"/{folder}/" for folder in ("root", "work", "home", "tmp"))


def path_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_every_docs_page_exists() -> None:
    names = {path_of(page) for page in pages()}
    assert names >= {
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "docs/agents.md",
        "docs/api.md",
        "docs/architecture.md",
        "docs/protocol.md",
        "docs/self-hosting.md",
        "docs/staff.md",
        "docs/widget.md",
    }


@pytest.mark.parametrize("page", pages(), ids=path_of)
def test_links_resolve(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    dead = []
    for link in links(text):
        if re.match(r"https?://", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", pages(), ids=path_of)
def test_pages_contain_nothing_private(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [word for word in FORBIDDEN if word in text] == []
    # A real token, key or widget; examples are written with an ellipsis.
    assert re.findall(r"\b(?:wst|lqk|wid)_[A-Za-z0-9_-]{12,}", text) == []


def test_readme_is_short_and_links_every_page() -> None:
    readme = read("README.md")
    assert len(readme.splitlines()) < 120
    others = {path_of(page) for page in pages()} - {"README.md"}
    assert sorted(others - set(links(readme))) == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "docs/self-hosting.md"])
def test_documented_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.MULTILINE))
    named = re.findall(r"(?:`|^)make ([a-z][a-z -]*)", read(page), re.MULTILINE)
    assert named
    assert {name for names in named for name in names.split()} <= targets


def test_the_license_is_named() -> None:
    assert read("LICENSE").startswith("MIT License\n")
    assert '"license": "MIT"' in read("widget-js/package.json")

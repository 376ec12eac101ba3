"""docs/widget.md names what the widget has: options, methods, events, texts, parts, storage."""

import re
from pathlib import Path

import pytest

from loquent.tests.documents import ROOT, codes, read, rows, section

WIDGET = "widget-js/src"


def sources() -> str:
    """All JavaScript of the widget, the languages left out."""
    files = sorted((ROOT / WIDGET).rglob("*.js"))
    return "\n".join(path.read_text("utf-8") for path in files if path.parent.name != "locales")


def first_cells(title: str, table: str) -> list[str]:
    """What stands in `code` in the first column of the tables of a section that begin like this."""
    found: list[str] = []
    for part in section(read("docs/widget.md"), title).split("\n\n"):
        if part.startswith(table):
            found += [code for row in rows(part) for code in codes(row[0])]
    assert found
    return found


def block(name: str, begin: str, end: str) -> str:
    """What stands in a source file from one text to the next."""
    _, _, rest = read(f"{WIDGET}/{name}").partition(begin)
    found, _, _ = rest.partition(end)
    assert found
    return found


def kebab(name: str) -> str:
    return "data-" + re.sub(r"[A-Z]", lambda big: f"-{big[0].lower()}", name)


def test_documented_options_match_the_code() -> None:
    names = re.findall(
        r"^  (\w+): ", block("embed/options.js", "const READERS = {", "\n};"), re.MULTILINE
    )
    known = {kebab(name) for name in names} | {"data-widget", "data-host", "data-consent"}
    assert sorted(first_cells("Options", "| attribute")) == sorted(known)


def test_documented_option_values_match_the_code() -> None:
    text = section(read("docs/widget.md"), "Options")
    icons = re.findall(r"^  (\w+):", block("view/icons.js", "ICONS = {", "\n};"), re.MULTILINE)
    choices = re.findall(r'oneOf\(("[^)]*)\)', read(f"{WIDGET}/embed/options.js"))
    values = {value for group in choices for value in re.findall(r'"(\w+)"', group)} | set(icons)
    assert {value for value in values if f"`{value}`" not in text} == set()


def test_documented_methods_match_the_code() -> None:
    names = re.search(r'METHODS =\s*\(?\s*"([^"]*)"', read(f"{WIDGET}/embed/sdk.js"))
    assert names is not None
    documented = [code.partition("(")[0] for code in first_cells("From JavaScript", "| method")]
    own = ["get", "mount", "push", "destroy", "consent"]
    assert sorted(documented) == sorted([*names[1].split(), *own])


def test_documented_events_match_the_code() -> None:
    declared = read("widget-js/types/index.d.ts").partition("interface LoquentEvents {")[2]
    names = re.findall(r"^  (\w+):", declared.partition("\n}")[0], re.MULTILINE)
    assert sorted(first_cells("From JavaScript", "| event")) == sorted(names)
    said = set(re.findall(r'emit\((?:open \? )?"(\w+)"', sources())) | {"close", "message", "error"}
    assert said == set(names)


def test_documented_custom_properties_match_the_code() -> None:
    styles = "".join(path.read_text("utf-8") for path in (ROOT / WIDGET / "styles").glob("*.js"))
    used = set(re.findall(r"var\((--loquent-[a-z-]+)", styles))
    assert sorted(first_cells("Styling", "| property")) == sorted(used)


def test_documented_parts_match_the_code() -> None:
    found = re.findall(r"""part"?[:,] ["`]([^"`]+)["`]""", sources())
    names = {name for group in found for name in group.split() if "$" not in name}
    names -= {"message-assistant"}
    for base in ("message", "bubble"):
        assert f"{base} {base}-${{" in " ".join(found)
    documented = first_cells("Styling", "| part")
    assert sorted(documented) == sorted(names | {"bubble"})


def test_documented_texts_match_the_code() -> None:
    english = read(f"{WIDGET}/locales/en.js") + read(f"{WIDGET}/i18n/more-english.js")
    words = re.findall(r"^  (\w+):", english, re.MULTILINE)
    text = section(read("docs/widget.md"), "Languages and texts").partition("Their names")[2]
    named = codes(text.partition("```")[0])
    assert sorted(named) == sorted({"open", "unread", "away", *words})


def test_documented_storage_matches_the_code() -> None:
    text = sources()
    written = set(re.findall(r'\b(?:(?:local|tab)\.set|broadcast)\(\s*"(\w+)"', text))
    written |= set(re.findall(r'^const NAME = "(\w+)"', text, re.MULTILINE))
    assert sorted(first_cells("Privacy", "| name")) == sorted(written)


@pytest.mark.parametrize("folder", ["src", "build", "types"])
def test_source_readme_names_every_file(folder: str) -> None:
    text = read("widget-js/README.md")
    paths: list[Path] = sorted((ROOT / "widget-js" / folder).iterdir())
    missing = [path.name for path in paths if f"`{path.name}{'/' * path.is_dir()}`" not in text]
    assert missing == []

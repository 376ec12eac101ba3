"""docs/self-hosting.md documents every variable that the code reads, and no other."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

from loquent.limits import Limits, variable
from loquent.tests.documents import ROOT, codes, read, rows, section

PAGE = "docs/self-hosting.md"
READERS = {"envstr", "envbool", "envint", "envlist", "envnetworks", "envseconds", "envsecret"}
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+")


def product_files() -> Iterator[Path]:
    for top in ("loquent", "contacts", "widgets"):
        for path in (ROOT / top).rglob("*.py"):
            if not {"tests", "testing", "migrations"} & set(path.relative_to(ROOT).parts):
                yield path


@cache
def variables_in_code() -> set[str]:
    """Those given to loquent.env's functions, the limits', and any read past them."""
    found = {variable(field.name) for field in fields(Limits)}
    for path in product_files():
        text = path.read_text(encoding="utf-8")
        # Parsing takes longer than the rest: few files read a variable.
        if "env" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = ast.unparse(node.func)
            first = node.args[0]
            if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
                continue
            if called in READERS or called in {"os.environ.get", "os.getenv"}:
                found.add(first.value)
            if called == "envsecret":
                found.add(f"{first.value}_FILE")
    return found


def documented(*titles: str) -> dict[str, str]:
    """The variables in the tables of these sections, with their default as the page has it."""
    found = {}
    for title in titles:
        for cells in rows(section(read(PAGE), title)):
            for name in codes(cells[0]):
                if _VARIABLE.fullmatch(name):
                    found[name] = cells[1]
    return found


def test_documented_settings_match_the_code() -> None:
    in_code, on_page = variables_in_code(), documented("Settings", "Limits").keys()
    assert sorted(in_code - on_page) == []
    assert sorted(on_page - in_code) == []


def test_documented_limits_match_the_code() -> None:
    on_page = documented("Limits")
    wrong = {
        name: on_page[name]
        for field in fields(Limits)
        if codes(on_page[name := variable(field.name)]) != [str(field.default)]
    }
    assert wrong == {}


def test_make_variables_are_documented() -> None:
    defaults = dict(re.findall(r"^([A-Z_]+) \?= *(.*)$", read("Makefile"), re.MULTILINE))
    on_page = {name: codes(cell)[0] for name, cell in documented("The demo").items()}
    assert on_page == defaults


def test_compose_variables_are_documented() -> None:
    text = read("docker-compose.yml")
    named = set(re.findall(r"\$\{([A-Z_]+)", text))
    own = documented("Docker Compose").keys()
    assert own <= named
    assert named - own <= variables_in_code()


def test_other_pages_name_only_existing_variables() -> None:
    known = variables_in_code() | documented("The demo", "Docker Compose").keys()
    for page in ("README.md", "docs/agents.md", "docs/protocol.md", "docs/widget.md"):
        named = set(re.findall(r"\b(?:LIMIT|OPENAI|DATABASE)_[A-Z0-9_]+", read(page)))
        assert named <= known


def test_every_system_check_is_documented() -> None:
    code = read("loquent/checks.py") + read("loquent/deploy_checks.py")
    in_code = set(re.findall(r'id="(loquent\.[EW]\d+)"', code))
    table = rows(section(read(PAGE), "System checks"))
    on_page = {code for cells in table for code in codes(cells[0])}
    assert in_code == on_page


def test_every_command_is_documented() -> None:
    ours = {
        path.stem
        for path in product_files()
        if path.parent.name == "commands" and path.stem != "__init__"
    }
    on_page = {codes(cells[0])[0].split()[1] for cells in rows(section(read(PAGE), "Commands"))}
    assert on_page == ours | {"migrate", "check"}

"""docs/protocol.md says what the code speaks: frames, codes, limits, examples."""

import ast
import json
import re
from dataclasses import fields
from typing import Any

import pytest

from loquent.errors import ErrorCode
from loquent.limits import Limits, variable
from loquent.tests.documents import ROOT, blocks, codes, read, rows, section
from widgets.chat.protocol import BASE_TYPES, V2_TYPES, CloseCode
from widgets.services.configs import public_config
from widgets.types import MessageStatus, WidgetPublicConfig

PAGE = read("docs/protocol.md")
GOLDEN: dict[str, Any] = json.loads(read("docs/frames.json"))
EXAMPLES = [json.loads(block) for block in blocks(PAGE, "json")]


def server_types() -> set[str]:
    """The types of all frames that widgets/chat/server_frames.py builds."""
    types = set()
    for node in ast.walk(ast.parse(read("widgets/chat/server_frames.py"))):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "type":
                    types.add(ast.literal_eval(value))
    return types


def first_codes(title: str) -> set[str]:
    return {code for cells in rows(section(PAGE, title)) for code in codes(cells[0])}


def test_documented_client_frames_match_the_code() -> None:
    table = {codes(cells[0])[0]: cells[1] for cells in rows(section(PAGE, "Client to server"))}
    assert table.keys() == V2_TYPES
    assert {name for name, version in table.items() if version == "base"} == BASE_TYPES


def test_documented_server_frames_match_the_code() -> None:
    assert first_codes("Server to client") == server_types()


@pytest.mark.parametrize(
    ("title", "types"), [("Client to server", V2_TYPES), ("Server to client", server_types())]
)
def test_every_frame_has_a_heading_and_an_example(title: str, types: set[str]) -> None:
    for name in types:
        examples = blocks(section(section(PAGE, title), name), "json")
        assert {json.loads(example)["type"] for example in examples} == {name}


def test_examples_and_golden_frames_match() -> None:
    golden = [entry["frame"] for side in ("client", "server") for entry in GOLDEN[side]]
    assert [example for example in EXAMPLES if example not in golden] == []
    assert [frame for frame in golden if frame not in EXAMPLES] == []


@pytest.mark.parametrize("entry", GOLDEN["server"], ids=lambda e: f"{e['name']}, {e['version']}")
def test_table_names_every_field_the_server_sends(entry: dict[str, Any]) -> None:
    frame = entry["frame"]
    (cells,) = [
        cells
        for cells in rows(section(PAGE, "Server to client"))
        if codes(cells[0]) == [frame["type"]]
    ]
    named = codes(cells[2]) + (codes(cells[3]) if entry["version"] == "v2" else [])
    sent = {*frame, *(name for line in frame.get("messages", []) for name in line)} - {"type"}
    assert sent <= set(named)


def test_documented_error_codes_match_the_code() -> None:
    # The code has the wire's codes first, then those of REST and admin.
    wire = read("loquent/errors.py").partition("# REST API and admin only.")[0]
    assert first_codes("Error codes") == {code for code in ErrorCode if f'"{code}"' in wire}


def test_documented_close_codes_match_the_code() -> None:
    named = {int(cells[0]) for cells in rows(section(PAGE, "Close codes"))}
    assert named == set(CloseCode)


def test_documented_statuses_match_the_code() -> None:
    assert first_codes("A turn") == set(MessageStatus.values)


def test_the_nine_keys_of_config_are_named() -> None:
    text = section(PAGE, "Public endpoints")
    keys = list(WidgetPublicConfig.__annotations__)
    assert len(keys) == 9
    assert [key for key in keys if f"`{key}`" not in text] == []
    assert public_config.__annotations__["return"] is WidgetPublicConfig


def test_documented_limits_match_the_code() -> None:
    table = {codes(cells[2])[0]: cells[1] for cells in rows(section(PAGE, "Limits"))}
    defaults = {variable(field.name): str(field.default) for field in fields(Limits)}
    shown = {name: re.sub(r"\D", "", cell) for name, cell in table.items()}
    assert shown == defaults


def test_documented_back_off_matches_the_client() -> None:
    table = (ROOT / "widget-js/src/conversation/reconnect.js").read_text(encoding="utf-8")
    never = {
        int(cells[0]) for cells in rows(section(PAGE, "Close codes")) if cells[2].startswith("no")
    }
    assert {int(code) for code in re.findall(r"\b(\d{4}): \"", table)} == never

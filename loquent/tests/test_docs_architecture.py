"""docs/architecture.md leads from each name of the specification to its file."""

import ast

import pytest

from loquent.tests.documents import ROOT, codes, read, rows, section

PAGE = "docs/architecture.md"
NAMES = [
    "WidgetConfig", "WidgetConfigData", "WidgetPublicConfig", "WidgetPosition",
    "ContactInfoMode", "WsMessages", "generate_widget_id", "validate_widget_data",
    "validate_origin", "is_origin_allowed", "create_widget_session", "resume_widget_session",
    "resolve_widget_contact", "create_widget", "get_widgets", "get_widget", "update_widget",
    "delete_widget", "reset_widget_id", "widget_config_route", "widget_embed_route",
    "widget_ws_route", "WidgetListView", "CreateWidgetView", "WidgetDetailsView",
    "WidgetCardComponent", "WidgetFormComponent", "/widgets", "/widgets/create", "/widgets/:id",
    "chat.js", "ws.js", "styles.js", "markdown.js", "build.js", "dist/",
]  # fmt: skip


def table() -> list[list[str]]:
    return list(rows(section(read(PAGE), "From the specification to the code")))


def test_every_specification_name_has_a_row() -> None:
    named = {name for cells in table() for name in codes(cells[0])}
    assert [name for name in NAMES if name not in named] == []


@pytest.mark.parametrize("cells", table(), ids=lambda cells: f"{cells[0]} in {cells[1]}")
def test_named_file_defines_the_name(cells: list[str]) -> None:
    (file,), (name,) = codes(cells[1]), codes(cells[2])
    text = (ROOT / file).read_text(encoding="utf-8")
    if not file.endswith(".py") or file.endswith("urls.py"):
        assert name in text
        return
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    defined = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)}
    assert name in defined


def test_named_files_exist() -> None:
    """Every path in the text that looks like one of ours."""
    tops = ("loquent/", "contacts/", "widgets/", "widget-js/", "docs/")
    paths = {code for line in read(PAGE).splitlines() for code in codes(line)}
    paths = {path for path in paths if path.startswith(tops) and "<" not in path}
    assert len(paths) > 20
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []

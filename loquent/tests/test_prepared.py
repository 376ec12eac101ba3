"""Queries that are compiled once give what the ORM would give each time."""

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from loquent.db.compiled import PreparedQuery, _literal, insert_rows
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig, WidgetMessage
from widgets.services.sessions import create_widget_session

COLUMNS = ("id", "name", "allowed_origins", "enabled", "created_at", "text_agent__name")


@pytest.fixture
def widgets(acme: Organization) -> list[WidgetConfig]:
    agent = make_agent(acme)
    return [
        make_widget(acme, agent=agent, name=f"Chat {n}", allowed_origins=["https://a.example"])
        for n in range(5)
    ]


def by_id(ids: Sequence[uuid.UUID]) -> QuerySet[WidgetConfig, tuple[object, ...]]:
    return WidgetConfig.objects.filter(id__in=ids).order_by("name").values_list(*COLUMNS)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_compiled_query_returns_the_rows_of_the_query(
    widgets: list[WidgetConfig], count: int
) -> None:
    ids = [widget.id for widget in widgets[:count]]
    prepared = PreparedQuery(by_id)
    assert prepared(ids) == list(by_id(ids))
    # Now compiled, and for others.
    others = [widget.id for widget in widgets[-count:]]
    assert prepared(others) == list(by_id(others))


def test_empty_id_list_runs_no_query() -> None:
    # A test without the database's mark may not ask it.
    assert PreparedQuery(by_id)([]) == []


def test_query_is_compiled_once_per_id_count(widgets: list[WidgetConfig]) -> None:
    built: list[int] = []

    def build(ids: Sequence[uuid.UUID]) -> QuerySet[WidgetConfig, tuple[object, ...]]:
        built.append(len(ids))
        return by_id(ids)

    prepared = PreparedQuery(build)
    for count in (1, 3, 4, 2, 1, 4, 5):
        assert len(prepared([widget.id for widget in widgets[:count]])) == count
    assert built == [1, 4, 2, 8]


def test_two_id_lists_are_kept_apart(widgets: list[WidgetConfig]) -> None:
    prepared = PreparedQuery(
        lambda ids, names: (
            WidgetConfig.objects.filter(id__in=ids, name__in=names)
            .order_by("name")
            .values_list("name")
        )
    )
    ids = [widget.id for widget in widgets]
    for _ in range(2):
        assert prepared(ids[:3], ["Chat 0", "Chat 2", "Chat 4"]) == [("Chat 0",), ("Chat 2",)]
        assert prepared(ids[:1], ["Chat 0"]) == [("Chat 0",)]


def test_constant_parameters_are_kept(widgets: list[WidgetConfig]) -> None:
    prepared = PreparedQuery(
        lambda ids: WidgetConfig.objects.filter(
            id__in=ids, name="Chat 1", enabled=True
        ).values_list("id")
    )
    assert prepared([widget.id for widget in widgets]) == [(widgets[1].id,)]


@pytest.mark.parametrize(
    "texts",
    [
        [{}],
        [{}, {}],
        [{"content": '100 % of it\'s "here" {,} \\ NULL'}, {"content": "ü😀\n"}],
        [{"sources": [{"title": "a'b", "url": ""}], "card": True}, {"input_tokens": 0}],
        [{"client_message_id": "one"}, {"client_message_id": None}, {"status": "cut"}],
    ],
)
def test_inserted_rows_are_those_of_the_orm(
    widgets: list[WidgetConfig], texts: list[dict[str, Any]]
) -> None:
    def rows() -> list[WidgetMessage]:
        session, _ = create_widget_session(widget=widgets[0])
        given = {"session": session, "role": "user", "created_at": now}
        return [WidgetMessage(seq=n, **given | text) for n, text in enumerate(texts, 1)]

    now = timezone.now()
    mine, orm = rows(), rows()
    insert_rows(mine)
    WidgetMessage.objects.bulk_create(orm)
    stored = {row["id"]: row for row in WidgetMessage.objects.values()}
    for written, expected in zip(mine, orm, strict=True):
        assert stored[written.id]["updated_at"] == written.updated_at
        own = {"id": written.id, "session_id": written.session_id, "updated_at": written.updated_at}
        assert stored[expected.id] | own == stored[written.id]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "it's", "100 %", "%s", "'; --", "\\"])
def test_constants_of_a_statement_are_quoted(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_literal(text)}, %s", ["x"])
        assert cursor.fetchone() == (text, "x")


def test_no_rows_run_no_statement() -> None:
    insert_rows([])

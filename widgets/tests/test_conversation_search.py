"""The search of conversations leaves none out, and says where it shows the newest alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient, Client
from django.utils import timezone

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.conversations import MOST_FOUND

LIST = "/admin/widgets/widgetsession/"


def make_many(
    widget: WidgetConfig, count: int, *lines: str, days_ago: int = 0, **fields: Any
) -> list[WidgetSession]:
    """This many conversations in which the visitor says these lines, the newest first."""
    now = timezone.now() - timedelta(days=days_ago)
    sessions = WidgetSession.objects.bulk_create(
        WidgetSession(
            widget=widget,
            token_digest=f"{days_ago}-{number}",
            last_active_at=now - timedelta(minutes=number),
            last_seq=len(lines),
            **fields,
        )
        for number in range(count)
    )
    WidgetMessage.objects.bulk_create(
        WidgetMessage(session=session, seq=seq, role="user", content=line, created_at=now)
        for session in sessions
        for seq, line in enumerate(lines, start=1)
    )
    return sessions


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme)


@pytest.fixture
def told_often(widget: WidgetConfig) -> set[str]:
    """Few conversations with the word in many messages, and the newest with it in one."""
    old = make_many(widget, 40, *["my parcel"] * 60, days_ago=1)
    return {str(session.pk) for session in (*make_many(widget, 1, "where is my parcel"), *old)}


def found(client: Client, query: str) -> tuple[set[str], str]:
    """The ids on all pages of the list, and the first page."""
    first = client.get(f"{LIST}?{query}")
    ids = {str(session.pk) for session in first.context["cl"].result_list}
    for number in range(2, first.context["cl"].paginator.num_pages + 1):
        page = client.get(f"{LIST}?{query}&p={number}")
        ids |= {str(session.pk) for session in page.context["cl"].result_list}
    return ids, first.content.decode()


@pytest.mark.costly
def test_frequent_word_hides_no_conversation(
    client: Client, bob: User, told_often: set[str]
) -> None:
    client.force_login(bob)
    ids, page = found(client, "q=parcel")
    assert ids == told_often
    assert "most recent activity are shown" not in page


@pytest.mark.costly
async def test_download_contains_all_matches(
    async_client: AsyncClient, transactional_db: None, alice: User, told_often: set[str]
) -> None:
    await in_database(async_client.force_login, alice)
    response = await async_client.get(f"{LIST}export/?q=parcel&format=text")
    body = b"".join([part async for part in response]).decode()  # type: ignore[attr-defined]
    assert body.count("Conversation with") == len(told_often)
    assert "where is my parcel" in body


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("in_messages", "in_pages"), [(MOST_FOUND + 1, 0), (0, MOST_FOUND + 1), (300, 300)]
)
def test_too_many_matches_show_the_newest_with_a_notice(
    client: Client, bob: User, widget: WidgetConfig, in_messages: int, in_pages: int
) -> None:
    client.force_login(bob)
    made = make_many(widget, in_messages, "my parcel", days_ago=1)
    made += make_many(widget, in_pages, "Hi", days_ago=2, page_url="https://a.example/parcel")
    ids, page = found(client, "q=parcel")
    assert ids == {str(session.pk) for session in made[:MOST_FOUND]}
    assert f"The {MOST_FOUND} with the most recent activity are shown" in page


@pytest.mark.costly
def test_exact_maximum_of_matches_shows_no_notice(
    client: Client, bob: User, widget: WidgetConfig
) -> None:
    client.force_login(bob)
    # Found twice each: by what was said, and by the page.
    make_many(widget, MOST_FOUND, "my parcel", page_url="https://a.example/parcel")
    ids, page = found(client, "q=parcel")
    assert len(ids) == MOST_FOUND
    assert "most recent activity are shown" not in page

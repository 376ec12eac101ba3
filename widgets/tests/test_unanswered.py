"""A question whose turn ends without a word: every list and count says so, until it is answered."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import api_client
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig, WidgetMessage
from widgets.services.overview import count_figures
from widgets.tests.regenerating import failed, regenerate

pytestmark = pytest.mark.usefixtures("noon")


def seen_by_staff(user: User, organization: Organization) -> dict[str, object]:
    """What admin, REST API, overview and export say of the one conversation there is."""
    client, api = Client(), api_client(user)
    client.force_login(user)
    today = count_figures(organization=organization, now=timezone.now()).today
    [row] = api.get("/api/v1/sessions/").json()["results"]
    listed = client.get("/admin/widgets/widgetsession/", {"answer": "failed"})
    rest = api.get("/api/v1/sessions/", {"last_answer": "failed"}).json()["results"]
    path = f"/admin/widgets/widgetsession/{row['id']}/export/"
    exported = client.get(path, {"format": "json"}).json()
    return {
        "answered, failed": (today.answered, today.failed),
        "last answer": row["last_answer"],
        "failed ones in the admin": listed.context["cl"].result_count,
        "failed ones over REST": len(rest),
        "why": [message["unanswered"] for message in exported["messages"]],
    }


async def test_turn_counts_as_failed_until_a_retry_answers(
    visit: Visits,
    widget: WidgetConfig,
    scripted: ScriptedBackend,
    alice: User,
    acme: Organization,
) -> None:
    socket, _ = await failed(visit, widget, scripted)
    assert await in_database(seen_by_staff, alice, acme) == {
        "answered, failed": (0, 1),
        "last answer": "failed",
        "failed ones in the admin": 1,
        "failed ones over REST": 1,
        "why": ["failed"],
    }
    question = await in_database(WidgetMessage.objects.get)
    await regenerate(socket, str(question.id))
    (await scripted.asked()).end("Here you are.")
    await socket.until("typing_stop")
    assert await in_database(seen_by_staff, alice, acme) == {
        "answered, failed": (1, 0),
        "last answer": "complete",
        "failed ones in the admin": 0,
        "failed ones over REST": 0,
        "why": [None, None],
    }


async def test_turn_stopped_before_the_first_word_is_not_failed(
    visit: Visits,
    widget: WidgetConfig,
    scripted: ScriptedBackend,
    alice: User,
    acme: Organization,
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    await scripted.asked()
    await socket.send({"type": "stop"})
    await socket.until("typing_stop")
    seen = await in_database(seen_by_staff, alice, acme)
    assert (seen["answered, failed"], seen["last answer"]) == ((0, 0), "stopped")

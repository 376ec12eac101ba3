"""Members share conversations over REST: one has it, the others are told."""

import asyncio
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings
from rest_framework.test import APIClient

from loquent.db.threads import in_database
from loquent.organizations.models import Membership, Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.tests.sharing import answered, only_session, post

Api = Callable[..., APIClient]


@pytest.mark.promise(20)
async def test_one_person_has_it(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, ana: User, ben: User
) -> None:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await answered(socket, scripted)
    results = await asyncio.gather(
        *(in_database(post, api, user, "take-over") for user in (ana, ben))
    )
    assert sorted(result.status_code for result in results) == [200, 409]
    (loser,) = (result.data for result in results if result.status_code == 409)
    assert loser["code"] == "taken"
    session = await in_database(lambda: WidgetSession.objects.select_related("assignee").get())
    assert loser["assignee"]["id"] == str(session.assignee_id)
    holder = await in_database(lambda: Membership.objects.get(id=loser["assignee"]["id"]).user_id)
    other = ana if holder == ben.id else ben
    body = {"from": str(session.assignee_id)}
    taken = await in_database(post, api, other, "take-over", body)
    assert taken.status_code == 200


@pytest.mark.promise(21)
async def test_stale_reply_is_refused(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, ana: User, ben: User
) -> None:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await answered(socket, scripted)
    await in_database(post, api, ana, "reply", {"content": "One"})
    member = await in_database(lambda: Membership.objects.get(user=ana).id)
    await in_database(post, api, ben, "take-over", {"from": str(member)})
    stale = await in_database(post, api, ben, "reply", {"content": "Two", "after_seq": 2})
    assert (stale.status_code, stale.data["code"]) == (409, "stale")
    assert [line["content"] for line in stale.data["messages"]] == ["One"]
    assert (await in_database(post, api, ben, "reply", {"content": "Two"})).status_code == 201


@pytest.mark.promise(9)
async def test_messages_to_a_person_cost_no_daily_limit(
    acme: Organization,
    visit: Visits,
    scripted: ScriptedBackend,
    api: Api,
    ana: User,
    settings: Settings,
    transactional_db: None,
) -> None:
    widget = await in_database(
        lambda: make_widget(acme, agent=make_agent(acme, model="test:any"), daily_message_cap=1)
    )
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await answered(socket, scripted)
    await in_database(post, api, ana, "take-over")
    for number in range(3):
        await socket.say(f"Line {number}", f"c{number}")
        await socket.until("ack")
    back = await in_database(post, api, ana, "hand-back")
    assert back.data["handler"] == "agent"
    last = await in_database(WidgetMessage.objects.order_by("-seq").first)
    assert last is not None
    assert "can’t answer" in last.content


async def test_resolved_conversation_is_rated_once_and_reopens_with_the_person(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, ana: User
) -> None:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await answered(socket, scripted)
    await socket.send({"type": "survey", "score": 5})
    assert (await socket.until("error"))[-1]["code"] == "forbidden"
    await in_database(post, api, ana, "reply", {"content": "Done."})
    assert (await in_database(post, api, ana, "resolve")).data["status"] == "resolved"
    await socket.send({"type": "survey", "score": 5, "comment": "Great"})
    await socket.until("survey_saved")
    await socket.send({"type": "survey", "score": 1})
    assert (await socket.until("error"))[-1]["code"] == "forbidden"
    await socket.say("One more thing")
    await socket.until("ack")
    session = await in_database(only_session)
    assert (session.status, session.handler, session.survey_score) == ("open", "person", 5)


async def test_removed_member_returns_conversations_to_the_team(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, ana: User
) -> None:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await answered(socket, scripted)
    await in_database(post, api, ana, "take-over")
    await in_database(Membership.objects.filter(user=ana).delete)
    session = await in_database(only_session)
    assert (session.handler, session.assignee_id) == ("team", None)


@pytest.mark.promise(23)
async def test_roles_keys_notes_and_events(
    widget: WidgetConfig,
    visit: Visits,
    scripted: ScriptedBackend,
    api: Api,
    ana: User,
    bob: User,
    acme_key: str,
) -> None:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await answered(socket, scripted)
    assert (await in_database(post, api, bob, "take-over")).status_code == 403
    unnamed = await in_database(post, api, acme_key, "take-over")
    assert (unnamed.status_code, list(unnamed.data["fields"])) == (400, ["member"])
    member = str(await in_database(lambda: Membership.objects.get(user=ana).id))
    viewer = str(await in_database(lambda: Membership.objects.get(user=bob).id))
    refused = await in_database(post, api, acme_key, "take-over", {"member": viewer})
    assert refused.status_code == 400
    named = await in_database(post, api, acme_key, "take-over", {"member": member})
    assert named.data["assignee"] == {"id": member, "name": "ana"}
    note = await in_database(post, api, ana, "notes", {"content": "A secret note"})
    assert note.status_code == 201
    session = await in_database(only_session)
    path = f"/api/v1/sessions/{session.id}"
    events = await in_database(lambda: api(ana).get(f"{path}/events/").data["results"])
    assert [event["kind"] for event in events] == ["taken_over"]
    assert (await in_database(lambda: api(ana).delete(f"{path}/"))).status_code == 403
    shown = await in_database(lambda: str(api(acme_key).get(f"{path}/messages/").data))
    assert "secret" not in shown
    await socket.send({"type": "reply_email", "email": "not an address"})
    assert (await socket.until("error"))[-1]["code"] == "contact_info_invalid"
    await socket.send({"type": "reply_email", "email": "Jane@Example.com"})
    assert "secret" not in str(await socket.until("reply_email_saved"))
    found = await in_database(lambda: api(ana).get("/api/v1/sessions/?assignee=me").data["results"])
    assert [row["reply_email"] for row in found] == ["jane@example.com"]
    assert await in_database(lambda: len(api(ana).get("/api/v1/members/").data["results"])) == 2

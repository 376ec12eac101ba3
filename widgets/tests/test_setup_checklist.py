"""The set-up checklist: each step finds out by itself whether it is done."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient, Client
from django.utils import timezone

from loquent.agents.models import TriedQuestion
from loquent.agents.services.entries import save_entry
from loquent.agents.services.tries import MAX_KEPT
from loquent.db.threads import in_database
from loquent.mailing.models import OutgoingMail
from loquent.organizations.models import Membership, Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import PushDevice, WidgetConfig, WidgetSession
from widgets.models.team import ConversationEvent
from widgets.services.configs import change_widget
from widgets.services.refusals import count_refused_origin, flush_refusals
from widgets.services.sessions import create_widget_session
from widgets.services.setup.checklist import setup_checklist
from widgets.services.setup.seen_sites import flush_seen_sites, note_site
from widgets.services.setup.steps import StepState


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    agent = make_agent(acme, knowledge=[])
    return make_widget(acme, agent=agent, name="Shop", allowed_origins=["https://shop.example"])


def step(organization: Organization, key: str) -> StepState:
    return {each.key: each for each in setup_checklist(organization=organization).steps}[key]


def done(organization: Organization) -> set[str]:
    steps = setup_checklist(organization=organization).steps
    return {each.key for each in steps if each.is_done}


def test_nothing_is_done_at_first(acme: Organization) -> None:
    checklist = setup_checklist(organization=acme)
    assert [each.key for each in checklist.steps] == [
        "shop", "teach", "ask", "look", "site", "told", "person",
    ]  # fmt: skip
    assert (checklist.done, checklist.is_complete, checklist.widget) == (0, False, None)
    assert {each.key for each in checklist.steps if each.blocked} == {"told"}


@pytest.mark.parametrize(
    ("values", "is_done", "detail"),
    [
        ({}, False, "Missing: your website, a phone number or email address"),
        ({"website": "https://a.example"}, False, "Missing: a phone number or email address"),
        ({"email": "a@a.example"}, False, "Missing: your website"),
        ({"website": "https://a.example", "email": "a@a.example"}, True, ""),
        ({"has_no_website": True, "phone": "+41 44 123 45 67"}, True, ""),
    ],
)
def test_shop_needs_a_site_and_a_way_to_reach_it(
    acme: Organization, values: dict[str, Any], is_done: bool, detail: str
) -> None:
    for name, value in values.items():
        setattr(acme, name, value)
    found = step(acme, "shop")
    assert (found.is_done, found.detail) == (is_done, detail)


def test_five_entries_teach_enough(widget: WidgetConfig) -> None:
    for number in range(5):
        assert not step(widget.organization, "teach").is_done
        save_entry(
            agent=widget.text_agent,
            data={"title": f"T{number}", "content": f"Text {number}.", "url": ""},
        )
    found = step(widget.organization, "teach")
    assert (found.is_done, found.detail) == (True, "5 answers")


def test_three_answered_questions_are_needed(widget: WidgetConfig) -> None:
    def ask(question: str, outcome: str) -> None:
        TriedQuestion.objects.create(
            organization=widget.organization, question=question, outcome=outcome
        )

    ask("One?", "answered")
    ask("Two?", "no_answer")
    ask("Three?", "answered")
    found = step(widget.organization, "ask")
    assert not found.is_done
    assert found.blocked == "“Two?” had no answer. Add one and ask again."
    TriedQuestion.objects.filter(question="Two?").delete()
    assert step(widget.organization, "ask").detail == "2 of 3 asked"
    ask("Two?", "answered")
    assert step(widget.organization, "ask").is_done


async def test_question_in_try_it_is_recorded(
    async_client: AsyncClient, alice: User, acme: Organization, transactional_db: None
) -> None:
    agent = await in_database(make_agent, acme)
    await in_database(async_client.force_login, alice)
    settings = {
        "model": agent.model, "max_output_tokens": "50", "agent": str(agent.id),
    }  # fmt: skip

    async def ask(question: str) -> None:
        messages = json.dumps([{"role": "user", "content": question}])
        response: Any = await async_client.post(
            "/admin/agents/textagent/playground/", {**settings, "messages": messages}
        )
        async for _ in response:
            pass

    for question in ("Shipping?", "shipping?", "xyzzy quux"):
        await ask(question)
    rows = await in_database(lambda: list(TriedQuestion.objects.values_list("question", "outcome")))
    assert rows == [("xyzzy quux", "no_answer"), ("shipping?", "answered")]

    def fill() -> None:
        for number in range(MAX_KEPT + 5):
            TriedQuestion.objects.create(organization=acme, question=f"{number}", outcome="")

    await in_database(fill)
    await ask("Returns?")
    assert await in_database(TriedQuestion.objects.count) == MAX_KEPT


def test_look_is_saved_or_confirmed(client: Client, alice: User, widget: WidgetConfig) -> None:
    client.force_login(alice)
    acme = widget.organization
    assert not step(acme, "look").is_done
    assert client.get("/admin/setup/look/").status_code == 405
    client.post("/admin/setup/look/")
    assert step(acme, "look").is_done
    WidgetConfig.objects.update(look_saved_at=None)
    page = client.get(f"/admin/widgets/widgetconfig/{widget.pk}/change/")
    form = page.context["adminform"].form
    data = {name: "" if value is None else value for name, value in form.initial.items()}
    data |= {"text_agent": widget.text_agent_id, "version": form["version"].value() or ""}
    data |= {"starters": "", "allowed_origins": "https://shop.example"}
    data = {name: value for name, value in data.items() if value is not False}
    address = f"/admin/widgets/widgetconfig/{widget.pk}/change/"
    response = client.post(address, {**data, "daily_message_cap": "7"})
    assert response.status_code == 302
    assert not step(acme, "look").is_done
    form = client.get(address).context["adminform"].form
    data |= {"version": form["version"].value() or "", "greeting": "Welcome!"}
    assert client.post(address, data).status_code == 302
    assert step(acme, "look").is_done


def test_site_counts_once_a_real_site_shows_the_chat(widget: WidgetConfig) -> None:
    acme = widget.organization
    note_site(widget_id=widget.widget_id, origin="http://localhost:3000")
    count_refused_origin(widget_id=widget.widget_id, origins=[b"https://www.shop.example"])
    flush_seen_sites()
    flush_refusals()
    found = step(acme, "site")
    assert not found.is_done
    assert found.blocked == "https://www.shop.example tried 1 time and was refused."
    assert found.origin == "https://www.shop.example"
    note_site(widget_id=widget.widget_id, origin="https://shop.example")
    flush_seen_sites()
    found = step(acme, "site")
    assert (found.is_done, found.blocked, found.origin) == (True, "", "")
    assert found.detail.startswith("https://shop.example, ")


def test_disabled_widget_blocks_the_site(widget: WidgetConfig) -> None:
    change_widget(widget=widget, enabled=False)
    assert step(widget.organization, "site").blocked == "The widget is off."


def test_somebody_is_told_by_mail_or_by_a_browser(
    widget: WidgetConfig, alice: User, settings: Any
) -> None:
    acme = widget.organization
    member = Membership.objects.get(organization=acme, user=alice)
    settings.MAIL_IS_ON = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    found = step(acme, "told")
    assert (found.is_done, found.detail) == (False, "")
    assert found.blocked.startswith("This server sends no email yet.")
    device = PushDevice.objects.create(member=member, endpoint="https://push.example", name="Phone")
    assert not step(acme, "told").is_done
    PushDevice.objects.filter(id=device.id).update(sent_at=timezone.now())
    found = step(acme, "told")
    assert (found.is_done, found.detail, found.blocked) == (True, "Phone by push message", "")
    PushDevice.objects.update(failed_at=timezone.now())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert step(acme, "told").detail == f"{alice.email} by email"
    mail = OutgoingMail.objects.create(
        organization=acme, letter="notification-test", recipient=alice.email, state="failed"
    )
    assert step(acme, "told").blocked == "The last email could not be sent."
    OutgoingMail.objects.filter(id=mail.id).update(state="sent")
    assert step(acme, "told").is_done
    Membership.objects.update(wants_mail=False)
    assert (step(acme, "told").is_done, step(acme, "told").blocked) == (False, "")


def test_reaching_a_person_takes_a_wish_and_a_persons_answer(
    widget: WidgetConfig, globex: Organization
) -> None:
    acme = widget.organization
    session, _ = create_widget_session(widget=widget)
    WidgetSession.objects.update(human_at=timezone.now())
    assert not step(acme, "person").is_done
    ConversationEvent.objects.create(session=session, kind="asked")
    assert step(acme, "person").is_done
    assert not step(globex, "person").is_done
    WidgetSession.objects.update(human_at=None)
    assert not step(acme, "person").is_done


def test_other_organizations_do_not_count(
    acme: Organization, globex: Organization, widget: WidgetConfig
) -> None:
    TriedQuestion.objects.create(organization=acme, question="x", outcome="no_answer")
    assert setup_checklist(organization=globex).widget is None
    assert step(globex, "ask").blocked == ""
    assert done(globex) == set()

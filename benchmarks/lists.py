"""What the lists of staff and of the REST API cost, in queries and milliseconds.

    .venv/bin/python -m loquent.testing.rig .venv/bin/python -m benchmarks.lists [--rounds 9]

An empty database is filled with an organization of 1,000 widgets, 100,000 contacts and 20,000
conversations of five messages each within 30 days, and a small organization beside it. Each page
is then asked for in this process, through all middlewares and templates, by an owner in the admin
and with a key at the REST API. Printed are the queries of a request, and of the times the fastest,
the median and the longest: where others work on the machine, the first is the steadiest.
"""

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loquent.settings")
os.environ.setdefault("SECRET_KEY", "of-a-benchmark-" + "x" * 40)
os.environ.setdefault("ALLOWED_HOSTS", "*")
os.environ.setdefault("RATE_LIMITS", "off")
django.setup()

from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from contacts.models import Contact  # noqa: E402
from loquent.organizations.models import Organization, Role  # noqa: E402
from loquent.organizations.services.organizations import create_api_key  # noqa: E402
from loquent.testing.people import make_agent, make_member, make_widget  # noqa: E402
from widgets.models import LimitHit, WidgetConfig, WidgetMessage, WidgetSession  # noqa: E402
from widgets.models import WidgetDailyUsage as Usage  # noqa: E402

WIDGETS, CONTACTS, CONVERSATIONS, MESSAGES_EACH, DAYS = 1_000, 100_000, 20_000, 5, 30
BATCH = 5_000
WORDS = [
    "shipping", "parcel", "return", "refund", "order", "warranty", "size", "colour", "battery",
    "invoice", "delivery", "address", "change", "cancel", "price", "discount", "voucher", "store",
    "opening", "hours", "phone", "support", "screen", "repair", "manual",
]  # fmt: skip
RARE = "unicorn"


@dataclass(frozen=True, slots=True)
class Figure:
    """What asking for one page cost; times in milliseconds."""

    page: str
    queries: int
    fastest_ms: float
    median_ms: float
    longest_ms: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """Who asks, and what the addresses need."""

    staff: Client
    program: dict[str, str]
    conversation: WidgetSession


def load() -> Loaded:
    """Fill the database, which has to be empty."""
    call_command("migrate", verbosity=0)
    if Organization.objects.exists():
        sys.exit("This database is in use. Give DATABASE_URL an empty one.")
    chance = random.Random(1)
    now = timezone.now()
    acme = Organization.objects.create(name="Acme")
    owner = make_member(acme, "alice", Role.OWNER)
    for organization, count in ((acme, WIDGETS), (Organization.objects.create(name="Globex"), 3)):
        first = make_widget(organization, agent=make_agent(organization), name="Widget 0")
        _copies(first, count - 1)
    widgets = list(WidgetConfig.objects.order_by("created_at", "id"))
    in_batches(
        Contact(
            organization=acme,
            name=f"{chance.choice(('Jane', 'Karl', 'Mia', 'Noor'))} Keller {number}",
            email=f"person{number}@example.com",
            phone=f"+4144{number:07d}",
        )
        for number in range(CONTACTS)
    )
    contacts = list(Contact.objects.order_by("id")[:CONVERSATIONS])
    in_batches(
        row
        for widget in widgets
        for row in (
            Usage(widget=widget, day=now.date(), messages=3),
            LimitHit(widget=widget, day=now.date(), kind="daily_cap", count=1),
        )
    )
    sessions = list(_conversations(widgets, contacts, now, chance))
    in_batches(iter(sessions))
    # The column takes the time of the insert.
    WidgetSession.objects.update(created_at=models.F("last_active_at"))
    in_batches(message for session in sessions for message in _messages(session, chance))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    staff = Client()
    staff.force_login(owner)
    _, key = create_api_key(organization=acme, name="Benchmark")
    return Loaded(staff, {"Authorization": f"Bearer {key}"}, sessions[0])


def in_batches(rows: Iterator[models.Model]) -> None:
    """Insert rows of any kinds, each kind in the order in which it comes."""
    waiting: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        of_kind = waiting.setdefault(type(row), [])
        of_kind.append(row)
        if len(of_kind) == BATCH:
            type(row)._default_manager.bulk_create(of_kind)
            of_kind.clear()
    for kind, left in waiting.items():
        kind._default_manager.bulk_create(left)


def _copies(widget: WidgetConfig, count: int) -> None:
    fields = {
        field.attname: getattr(widget, field.attname)
        for field in WidgetConfig._meta.concrete_fields
        if field.name not in {"id", "widget_id", "name"}
    }
    in_batches(
        WidgetConfig(**fields, widget_id=f"{widget.widget_id}{number}", name=f"Widget {number}")
        for number in range(1, count + 1)
    )


def _conversations(
    widgets: list[WidgetConfig], contacts: list[Contact], now: datetime, chance: random.Random
) -> Iterator[WidgetSession]:
    step = timedelta(days=DAYS) / CONVERSATIONS
    ends = ("complete", "complete", "complete", "failed", "stopped")
    for number in range(CONVERSATIONS):
        widget = widgets[number % len(widgets)]
        is_known = number % 3 == 0 and widget.organization_id == contacts[0].organization_id
        yield WidgetSession(
            widget=widget,
            contact=contacts[number] if is_known else None,
            token_digest=f"{number:064d}",
            last_active_at=now - step * number,
            last_seq=MESSAGES_EACH,
            last_answer_status=chance.choice(ends),
            page_url=f"https://shop.example.com/{chance.choice(WORDS)}",
            page_at=now,
        )


def _messages(session: WidgetSession, chance: random.Random) -> Iterator[WidgetMessage]:
    for seq in range(1, MESSAGES_EACH + 1):
        text = " ".join(chance.choices(WORDS, k=10 if seq % 2 else 60))
        answer: dict[str, Any] = {}
        if seq % 2 == 0:
            answer = {
                "status": session.last_answer_status,
                "first_token_ms": round(chance.lognormvariate(6, 0.6)),
                "duration_ms": 2_000,
                "input_tokens": chance.randrange(200, 2_000),
                "output_tokens": chance.randrange(20, 200),
                "rating": chance.choice((None,) * 20 + ("up", "down")),
                "model": "openai-chat:gpt-4.1-mini",
            }
        yield WidgetMessage(
            session=session,
            seq=seq,
            role="assistant" if answer else "user",
            content=f"{text} {RARE}" if session.token_digest.endswith("7777") else text,
            created_at=session.last_active_at,
            **answer,
        )


def pages(loaded: Loaded) -> Iterator[tuple[str, Callable[[], Any], Callable[[], None]]]:
    """What each page is called, how it is asked for, and what comes before each time."""
    conversation = loaded.conversation
    contact = str(conversation.contact_id)
    yield "overview, cold", _get(loaded.staff, "/admin/reports/"), cache.clear
    yield "overview, warm", _get(loaded.staff, "/admin/reports/"), _nothing
    admin = {
        "widgets/widgetconfig": ("", "?q=999", "?p=15", "?o=8"),
        "widgets/widgetsession": (
            "", "?p=300", "?answer=failed", "?feedback=down", "?known=yes", "?days=1",
            f"?q={RARE}", f"?q={WORDS[0]}", f"?q={WORDS[0]}+{WORDS[1]}", "?q=keller",
            f"{conversation.pk}/change/",
        ),
        "contacts/contact": (
            "", "?p=1500", "?q=person777@", "?q=keller", f"{contact}/change/",
        ),
        "agents/textagent": ("",),
        "agents/dailytokenusage": ("",),
        "organizations/membership": ("",),
        "organizations/apikey": ("",),
        "organizations/invitation": ("",),
        "organizations/auditentry": ("",),
        "widgets/erasurereceipt": ("",),
    }  # fmt: skip
    for name, queries in admin.items():
        for query in queries:
            shown = query.replace(str(conversation.pk), "…").replace(contact, "…")
            yield f"admin {name}/{shown}", _get(loaded.staff, f"/admin/{name}/{query}"), _nothing
    rest = {
        "widgets": ("", "?search=999", "?ordering=created_at"),
        "agents": ("",),
        "contacts": ("", "?search=person777@", "?search=keller", "?email=person777@example.com"),
        "sessions": (
            "", "?ordering=-last_active_at", "?last_answer=failed", "?rating=down",
            "?has_feedback=false", f"?search={RARE}", f"?search={WORDS[0]}",
        ),
    }  # fmt: skip
    program = Client(headers=loaded.program)
    for name, queries in rest.items():
        for query in queries:
            yield f"REST {name}/{query}", _get(program, f"/api/v1/{name}/{query}"), _nothing
    path = f"/api/v1/sessions/{conversation.pk}/messages/"
    yield "REST sessions/…/messages/", _get(program, path), _nothing


def _get(client: Client, path: str) -> Callable[[], Any]:
    def ask() -> Any:
        response = client.get(path)
        if response.status_code != 200:
            sys.exit(f"{path} answers {response.status_code}.")
        return response

    return ask


def _nothing() -> None:
    """Before most pages nothing has to be done."""


def measure(loaded: Loaded, *, rounds: int) -> Iterator[Figure]:
    """Ask for each page, once to warm up and count the queries, and then in turn."""
    asked = list(pages(loaded))
    queries: dict[str, int] = {}
    times: dict[str, list[float]] = {name: [] for name, _, _ in asked}
    for name, ask, before in asked:
        before()
        with CaptureQueriesContext(connection) as captured:
            ask()
        queries[name] = len(captured)
    for _ in range(rounds):
        for name, ask, before in asked:
            before()
            began = time.perf_counter()
            ask()
            times[name].append((time.perf_counter() - began) * 1_000)
    for name, of_page in times.items():
        middle = statistics.median(of_page)
        yield Figure(name, queries[name], min(of_page), middle, max(of_page))


def main() -> None:
    """Load, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    loaded = load()
    counts = (WidgetConfig, Contact, WidgetSession, WidgetMessage)
    rows = ", ".join(
        f"{kind._default_manager.count():,} {kind._meta.verbose_name_plural}" for kind in counts
    )
    print(f"{connection.vendor}: {rows}\n")
    print("| page | queries | fastest, ms | median, ms | longest, ms |")
    print("|---|---|---|---|---|")
    for figure in measure(loaded, rounds=options.rounds):
        times = (figure.fastest_ms, figure.median_ms, figure.longest_ms)
        cells = " | ".join(f"{milliseconds:.0f}" for milliseconds in times)
        print(f"| {figure.page} | {figure.queries} | {cells} |")


if __name__ == "__main__":
    main()

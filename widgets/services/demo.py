"""Create the demo: an organization, an agent with some knowledge, and a widget."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Q

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.services.sources import create_source
from loquent.errors import ApplicationError
from loquent.organizations.models import Organization
from loquent.organizations.services.organizations import create_organization
from widgets.models import WidgetConfig
from widgets.services.actions.demo import create_demo_actions
from widgets.services.configs import create_widget
from widgets.services.inbox.demo import create_waiting_visitor
from widgets.types import WidgetConfigData

ORGANIZATION = "Demo shop"
OWNER_EMAIL = "owner@example.com"
INSTRUCTIONS = (
    "You are the assistant of Fernweh, a small shop for travel bags. Answer in the visitor's "
    "language, in a few friendly sentences, and only from what you know of the shop."
)
GREETING = "Hello! I am the shop's assistant. Ask me about shipping, returns, sizes or repairs."
STARTERS = [
    "Do you ship to Norway?",
    "Which backpack fits a 16-inch laptop?",
    "Where is my order 10023?",
]
NOTICE = (
    "Our assistant is an AI and can be wrong. What you write is stored, and the shop may read it."
)
KNOWLEDGE = (
    (
        "Shipping",
        "We ship from Bern, Switzerland, every working day. Parcels within Switzerland arrive in "
        "one to two days and cost 7 CHF; orders over 80 CHF ship free.\n\n"
        "We also ship to the European Union, Norway and the United Kingdom in four to six working "
        "days, for 14 CHF. Customs and taxes are included in the price you see.",
        "/demo/#shipping",
    ),
    (
        "Returns",
        "You can return anything unused within 30 days. Write to us, print the label we send "
        "back, and drop the parcel at any post office. Returns are free within Switzerland.\n\n"
        "We refund the price within five days of the parcel's arrival, to the card you paid with.",
        "/demo/#returns",
    ),
    (
        "Sizes of the backpacks",
        "The Gurten backpack comes in two sizes:\n\n- **20 litres**: 44 × 28 × 16 cm, 780 g, fits "
        "a 14-inch laptop\n- **32 litres**: 52 × 32 × 20 cm, 990 g, fits a 16-inch laptop\n\n"
        "Both are accepted as cabin luggage by most airlines.",
        "/demo/#gurten",
    ),
    (
        "Repairs and warranty",
        "Every bag has a warranty of five years on seams, zips and buckles. Send a photo and we "
        "tell you within two days what can be done. Repairs after the warranty cost between 15 "
        "and 60 CHF; we always tell you the price first.",
        "/demo/#repairs",
    ),
    (
        "Opening hours",
        "The shop in Bern, Kramgasse 12, is open from Tuesday to Friday from 10:00 to 18:30 and on "
        "Saturday from 9:00 to 16:00. It is closed on Sunday and Monday.",
        "/demo/#visit",
    ),
    (
        "Payment",
        "We accept Visa, Mastercard, TWINT, PayPal and purchase on invoice (Switzerland only). "
        "Invoices are due within 20 days.",
        "/demo/#payment",
    ),
)


@dataclass(frozen=True, slots=True)
class DemoOwner:
    """The owner of a new demo, whose password is shown once to the operator."""

    email: str
    api_key: str


# How visitors reach the shop of the demo page: the contact card shows it.
CONTACT: dict[str, Any] = {
    "website": "https://fernweh.example/",
    "email": "hello@fernweh.example",
    "address": "Kramgasse 12\n3011 Bern",
    "business_hours": {
        **{day: [["10:00", "18:30"]] for day in ("tue", "wed", "thu", "fri")},
        "sat": [["09:00", "16:00"]],
    },
}


def create_demo(*, owner_password: str, site_url: str) -> DemoOwner | None:
    """Create the demo; return None, without changes, if it already exists."""
    # The user may have renamed the organization or deleted the widget.
    if _demo_organizations().exists() or User.objects.filter(username=OWNER_EMAIL).exists():
        return None
    with transaction.atomic():
        made = create_organization(
            name=ORGANIZATION,
            owner_email=OWNER_EMAIL,
            owner_password=owner_password,
            time_zone="Europe/Zurich",
            default_phone_region="CH",
        )
        agent = TextAgent.objects.create(
            organization=made.organization, name="Shop assistant", instructions=INSTRUCTIONS
        )
        KnowledgeEntry.objects.bulk_create(
            KnowledgeEntry(agent=agent, title=title, content=content, url=site_url + path)
            for title, content, path in KNOWLEDGE
        )
        create_demo_actions(agent=agent, site_url=site_url)
        widget = create_widget(
            organization=made.organization,
            data=WidgetConfigData(
                text_agent_id=agent.id,
                name="Fernweh",
                greeting=GREETING,
                primary_color="#0f766e",
                contact_info_mode="optional",
                collect_name=True,
                collect_email=True,
                starters=STARTERS,
                notice={"text": NOTICE, "url": None, "consent": False},
            ),
        )
        # Before the shop has hours: at night the visitor would be told to wait until the morning.
        create_waiting_visitor(widget=widget, page_url=f"{site_url}/demo/")
        Organization.objects.filter(id=made.organization.id).update(**CONTACT)
        _read_help_pages(agent, site_url)
    return DemoOwner(email=OWNER_EMAIL, api_key=made.api_key)


def _read_help_pages(agent: TextAgent, site_url: str) -> None:
    """Let the server read the demo's help pages once it runs, if the settings allow it."""
    if settings.DEMO_PAGE:
        with suppress(ApplicationError):
            create_source(agent=agent, url=f"{site_url}/demo/help/")


def demo_widget() -> WidgetConfig | None:
    """Return the widget for the demo page: the demo organization's first, or None."""
    return (
        WidgetConfig.objects.filter(organization__in=_demo_organizations())
        .order_by("created_at")
        .first()
    )


def is_demo(organization: Organization) -> bool:
    """Return whether this is the demo's organization; its owner's later ones are their own."""
    return _demo_organizations().order_by("created_at").first() == organization


def _demo_organizations() -> models.QuerySet[Organization]:
    is_owned = Q(memberships__user__username=OWNER_EMAIL)
    return Organization.objects.filter(Q(name=ORGANIZATION) | is_owned)

"""Create an organization's first chat with sound defaults, and fill it with what a shop knows."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.services import create_agent
from loquent.agents.services.entries import save_entry
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.access import has_role
from loquent.organizations.models import Membership, Organization, Role
from widgets.models import WidgetConfig
from widgets.origins import OriginError, add_www, normalize_origin_entry
from widgets.services.configs import create_widget
from widgets.services.demo import is_demo
from widgets.services.setup.checklist import first_widget
from widgets.types import WidgetConfigData

SHOP_NAME = "My shop"
# Passes the contrast check with white text; the REST API keeps its own default.
PRIMARY_COLOR = "#4f46e5"
GREETING = "Hello! How can I help you?"
NOTICE = "You are chatting with an AI assistant. It can be wrong."
INSTRUCTIONS = (
    "You are the assistant of a shop. Answer in the visitor's language, in a few friendly "
    "sentences, and only from what you know about the shop."
)
RETENTION_DAYS = 90
DAILY_CAP = 500
# The questions that most visitors ask: the entry's title, and what the form asks the owner.
QUESTIONS = {
    "hours": ("Opening hours", "When are you open?"),
    "delivery": ("Delivery", "How do you deliver, how long does it take, and what does it cost?"),
    "returns": ("Returns", "Can customers return something, and how?"),
}


def start_own_shop(*, user: User, demo: Organization) -> Organization:
    """Return the user's own organization beside the demo's: the first, or else a new one.

    Raises `forbidden` unless the user is an owner of the demo organization.
    """
    if not is_demo(demo) or not has_role(user, Role.OWNER, demo.id):
        raise ApplicationError(ErrorCode.FORBIDDEN, "Only an owner of the demo can do this.")
    with transaction.atomic():
        # Two clicks at once must not create two shops.
        Organization.objects.select_for_update(no_key=True).get(id=demo.id)
        owned = Organization.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
        found = owned.exclude(id=demo.id).order_by("created_at").first()
        if found is not None:
            return found
        made = Organization.objects.create(
            name=SHOP_NAME, timezone=demo.timezone, retention_days=RETENTION_DAYS
        )
        Membership.objects.create(organization=made, user=user, role=Role.OWNER)
    return made


def ensure_chat(*, organization: Organization) -> WidgetConfig:
    """Return the organization's first widget; create it, with its assistant, if there is none."""
    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(id=organization.id)
        found = first_widget(organization=organization)
        if found is not None:
            return found
        agent = TextAgent.objects.filter(organization=organization).order_by("created_at").first()
        if agent is None:
            data = {"name": "Assistant", "instructions": INSTRUCTIONS}
            agent = create_agent(organization=organization, data=data)  # type: ignore[arg-type]
        return create_widget(
            organization=organization,
            data=WidgetConfigData(
                text_agent_id=agent.id,
                name=organization.name,
                greeting=GREETING,
                primary_color=PRIMARY_COLOR,
                contact_info_mode="optional",
                collect_name=True,
                collect_email=True,
                notice={"text": NOTICE, "url": None, "consent": False},
                allowed_origins=sites_of(organization.website),
                daily_message_cap=DAILY_CAP,
            ),
        )


def sites_of(website: str) -> list[str] | None:
    """Return the allowed sites for a shop's website, with and without www; None if it has none."""
    parts = urlsplit(website)
    if not parts.hostname:
        return None
    port = f":{parts.port}" if parts.port else ""
    try:
        return [
            normalize_origin_entry(f"{parts.scheme}://{host}{port}")
            for host in add_www(parts.hostname)
        ]
    except OriginError:
        return None


def known_answers(*, agent: TextAgent) -> dict[str, str]:
    """Return what the agent already says about each of QUESTIONS."""
    titles = {title: key for key, (title, _) in QUESTIONS.items()}
    rows = KnowledgeEntry.objects.filter(agent=agent, title__in=titles).order_by("created_at")
    return {titles[title]: content for title, content in rows.values_list("title", "content")}


def save_answers(*, agent: TextAgent, answers: Mapping[str, str]) -> int:
    """Write the answers to QUESTIONS as entries; return how many were written.

    Empty answers are left out, and an entry of the same title is replaced. Raises `invalid`.
    """
    written = 0
    with transaction.atomic():
        for key, (title, _) in QUESTIONS.items():
            content = answers.get(key, "").strip()
            if not content:
                continue
            entry = KnowledgeEntry.objects.filter(agent=agent, title=title).first()
            if entry is not None and entry.content == content:
                continue
            save_entry(
                agent=agent,
                entry_id=entry.id if entry else None,
                data={"title": title, "content": content, "url": entry.url if entry else ""},
            )
            written += 1
    return written


def note_look(*, widget: WidgetConfig) -> None:
    """Record that a member saved or confirmed how the chat looks."""
    WidgetConfig.objects.filter(id=widget.id).update(look_saved_at=timezone.now())

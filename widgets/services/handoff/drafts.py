"""Keep what members have typed and not sent."""

from loquent.organizations.models import Membership
from widgets.models import Draft, WidgetSession


def read_draft(*, session: WidgetSession, member: Membership) -> Draft | None:
    """Return a member's draft in a conversation; None if there is none."""
    return Draft.objects.filter(session=session, member=member).first()


def save_draft(*, session: WidgetSession, member: Membership, content: str) -> Draft | None:
    """Store a member's draft, and return it; an empty one is deleted."""
    if not content.strip():
        Draft.objects.filter(session=session, member=member).delete()
        return None
    row, _ = Draft.objects.update_or_create(
        session=session, member=member, defaults={"content": content}
    )
    return row

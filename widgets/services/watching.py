"""Who of staff may watch a conversation live."""

import uuid

from loquent.organizations.access import visible_organizations
from loquent.organizations.backends import signed_in_user
from widgets.models import WidgetSession


def may_watch(*, session_key: str, conversation_id: uuid.UUID) -> bool:
    """Whether the browser with this session key is a member's who sees the conversation.

    False alike for who isn't signed in, who isn't of its organization, and where it isn't there.
    """
    user = signed_in_user(session_key)
    if user is None:
        return False
    return WidgetSession.objects.filter(
        id=conversation_id, widget__organization__in=visible_organizations(user)
    ).exists()

"""Saved replies: who may change them, and what their variables stand for."""

import re
from dataclasses import dataclass

from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.models import Membership, Organization
from widgets.models import SavedReply, WidgetSession

VARIABLES = ("visitor", "me", "page")
# `{name}` or `{name|fallback}`. Other braces are text.
_VARIABLE = re.compile(r"( ?)\{([a-z]{1,20})(?:\|([^{}\n]{0,200}))?\}")


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes saved replies: a member, or an API key without one."""

    member: Membership | None
    may_share: bool


def check_variables(content: str) -> None:
    """Raise `invalid` if a text contains a variable that does not exist."""
    for match in _VARIABLE.finditer(content):
        if match[2] not in VARIABLES:
            known = "{visitor}, {me} or {page}"
            raise invalid({"content": [f"There is no variable {{{match[2]}}}. Use {known}."]})


def fill_variables(content: str, *, session: WidgetSession, member: Membership | None) -> str:
    """Return a text with its variables filled in for a conversation.

    A value that is unknown is replaced by the variable's fallback, as in `{visitor|there}`. Without
    a fallback the variable disappears, together with the space before it.
    """
    claim: dict[str, str] = session.contact_claim or {}
    contact = session.contact
    values = {
        "visitor": (contact.name if contact is not None else "") or claim.get("name", ""),
        "me": member.public_name if member is not None else "",
        "page": session.page_title or session.page_url,
    }

    def fill(match: re.Match[str]) -> str:
        space, name, fallback = match.groups()
        if name not in values:
            return match[0]
        value = values[name].strip() or (fallback or "").strip()
        return space + value if value else ""

    return _VARIABLE.sub(fill, content)


def create_saved_reply(
    *, organization: Organization, author: Author, name: str, content: str, shared: bool | None
) -> SavedReply:
    """Create a reply of the author, or a shared one; a program's are always shared.

    Raises `forbidden` if the author may not share it, and `invalid` for an unknown variable.
    """
    check_variables(content)
    row = SavedReply(organization=organization, name=name, content=content)
    _set_owner(row, author, author.member is None if shared is None else shared)
    row.save()
    return row


def update_saved_reply(
    *,
    row: SavedReply,
    author: Author,
    name: str | None = None,
    content: str | None = None,
    shared: bool | None = None,
) -> SavedReply:
    """Change the given fields; raises as `create_saved_reply`."""
    check_may_change(row, author)
    if content is not None:
        check_variables(content)
        row.content = content
    if name is not None:
        row.name = name
    if shared is not None and shared != row.shared:
        _set_owner(row, author, shared)
    row.save()
    return row


def check_may_change(row: SavedReply, author: Author) -> None:
    """Raise `forbidden` if the reply is shared and the author may not change shared replies."""
    if row.shared and not author.may_share:
        raise ApplicationError(ErrorCode.FORBIDDEN, "Only admins can change shared replies.")


def _set_owner(row: SavedReply, author: Author, shared: bool) -> None:
    if shared and not author.may_share:
        raise ApplicationError(ErrorCode.FORBIDDEN, "Only admins can share replies.")
    if not shared and author.member is None:
        raise invalid({"shared": ["Only a member can have a reply of their own. Use true."]})
    row.member = None if shared else author.member

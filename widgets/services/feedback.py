"""Save visitors' ratings of answers."""

import uuid

from django.db import transaction

from loquent.errors import ApplicationError, ErrorCode
from widgets.models import WidgetMessage
from widgets.services.attention import after_rating
from widgets.services.events import note_feedback
from widgets.types import MessageKind, MessageRole


def save_feedback(
    *, session_id: uuid.UUID, message_id: str, rating: str | None, comment: str | None
) -> None:
    """Save a visitor's rating of an answer of this session; raise `forbidden` for other messages.

    A rating without a comment (None) keeps the existing comment; removing the rating removes it.
    """
    answers = WidgetMessage.objects.filter(
        session_id=session_id, role=MessageRole.ASSISTANT, kind=MessageKind.TEXT
    )
    try:
        answers = answers.filter(id=uuid.UUID(message_id))
    except ValueError:
        answers = answers.none()
    kept = {} if rating and comment is None else {"rating_comment": comment if rating else ""}
    with transaction.atomic():
        if not answers.update(rating=rating, **kept):
            raise ApplicationError(ErrorCode.FORBIDDEN, "There is no such answer in this chat.")
        after_rating(session_id=session_id, rating=rating)
        if rating:
            note_feedback(session_id=session_id, message_id=message_id, rating=rating)

"""The demo's visitor, who waits for a person."""

from widgets.models import WidgetConfig, WidgetSession
from widgets.services.handoff.visitor import ask_person
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

NAME = "Lena Brunner"
QUESTION = (
    "My backpack arrived this morning, but the left strap is torn. I leave for Norway on Friday. "
    "Can somebody help me?"
)
ANSWER = (
    "I am sorry to hear that. I can't look into orders, but the team can: choose “Talk to a "
    "person” if you like."
)


def create_waiting_visitor(*, widget: WidgetConfig, page_url: str) -> WidgetSession:
    """Create a conversation whose visitor waits for a person."""
    session, _ = create_widget_session(widget=widget)
    session.contact_claim = {"name": NAME}
    session.page_url, session.page_title = page_url, "Fernweh"
    session.save(update_fields=["contact_claim", "page_url", "page_title"])
    question = append_message(session, role="user", content=QUESTION, page_url=page_url)
    append_message(session, role="assistant", content=ANSWER, reply_to=question)
    ask_person(session_id=session.id)
    return session

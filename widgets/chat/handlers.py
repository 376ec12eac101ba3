"""Handle the frames of a visitor: one service call each, and its events."""

import asyncio
import logging
import uuid
from collections.abc import Sequence

from loquent.db.batching import Batcher
from loquent.db.threads import in_database
from loquent.errors import ApplicationError
from loquent.telemetry import tracing
from widgets.chat.action_runner import decide
from widgets.chat.bus import PROCESS, bus
from widgets.chat.client_frames import (
    ActionFrame,
    AskAgentFrame,
    AskPersonFrame,
    ClientFrame,
    ContactInfoFrame,
    FeedbackFrame,
    MessageFrame,
    NewConversationFrame,
    PageFrame,
    PingFrame,
    RegenerateFrame,
    ReplyEmailFrame,
    SeenFrame,
    StopFrame,
    SurveyFrame,
)
from widgets.chat.events import MessagePosted, SessionReplaced, StopRequested
from widgets.chat.rooms import rooms
from widgets.chat.server_frames import (
    ack_frame,
    contact_info_saved_frame,
    feedback_saved_frame,
    pong_frame,
    reply_email_saved_frame,
    survey_saved_frame,
)
from widgets.chat.turn_runner import runner
from widgets.chat.visitor_socket import SessionSocket
from widgets.services.contact_resolution import submit_contact_info
from widgets.services.feedback import save_feedback
from widgets.services.handoff.state import conversation_state
from widgets.services.handoff.visitor import (
    ask_agent,
    ask_person,
    note_seen,
    save_reply_email,
    save_survey,
)
from widgets.services.pages import save_page
from widgets.services.rate_limits import take_session
from widgets.services.sessions import contact_card, replace_session
from widgets.services.turns.accept import AcceptedMessage, PostedMessage, accept_messages
from widgets.services.turns.regenerate import regenerate_answer

TeamFrame = AskPersonFrame | AskAgentFrame | ReplyEmailFrame | SeenFrame | SurveyFrame

logger = logging.getLogger(__name__)
# Only the socket's next frame waits for this.
PAGE_SECONDS = 1.0


def accept_here(posted: Sequence[PostedMessage]) -> list[AcceptedMessage | ApplicationError]:
    """Accept messages; this process claims their turns unless it is shutting down."""
    return accept_messages(posted, owner=PROCESS if runner.starts else None)


_accept = Batcher(accept_here, key=lambda posted: posted.session_id)


async def handle_frame(frame: ClientFrame, *, socket: SessionSocket, session_id: uuid.UUID) -> None:
    """Handle one frame. Raises ApplicationError if a rule refuses it."""
    match frame:
        case MessageFrame():
            await _post(frame, socket, session_id)
        case ContactInfoFrame(name, email, phone):
            await in_database(
                submit_contact_info, session_id=session_id, name=name, email=email, phone=phone
            )
            socket.put(contact_info_saved_frame())
            await _note_page(socket, session_id)
        case FeedbackFrame(message_id, rating, comment):
            await in_database(
                save_feedback,
                session_id=session_id,
                message_id=message_id,
                rating=rating,
                comment=comment,
            )
            socket.put(feedback_saved_frame(message_id))
        case RegenerateFrame(message_id):
            await _regenerate(message_id, socket, session_id)
        case StopFrame():
            await _stop(session_id)
        case PageFrame(page):
            socket.page = page
            await _note_page(socket, session_id)
        case NewConversationFrame():
            await _start_new_conversation(session_id, socket.handshake.ip)
        case ActionFrame(action_id, confirm):
            await decide(session_id, action_id=action_id, confirm=confirm)
        case PingFrame():
            socket.put(pong_frame())
        case _:
            await _handle_for_team(frame, socket, session_id)


async def _handle_for_team(frame: TeamFrame, socket: SessionSocket, session_id: uuid.UUID) -> None:
    match frame:
        case AskPersonFrame():
            await in_database(ask_person, session_id=session_id)
        case AskAgentFrame():
            await in_database(ask_agent, session_id=session_id, ip=socket.handshake.ip)
        case ReplyEmailFrame(email):
            await in_database(save_reply_email, session_id=session_id, email=email)
            socket.put(reply_email_saved_frame())
        case SeenFrame(seq):
            await in_database(note_seen, session_id=session_id, seq=seq)
        case SurveyFrame(score, comment):
            await in_database(save_survey, session_id=session_id, score=score, comment=comment)
            socket.put(survey_saved_frame())


@tracing.traced("message")
async def _post(frame: MessageFrame, socket: SessionSocket, session_id: uuid.UUID) -> None:
    async with rooms.in_order(session_id):
        accepted = await _accept(
            PostedMessage(
                session_id=session_id,
                content=frame.content,
                client_message_id=frame.client_message_id,
                ip=socket.handshake.ip,
                page=socket.page,
                can_confirm=socket.v2,
            )
        )
        if socket.v2:
            socket.put(ack_frame(accepted.message))
        socket.mark_sent(accepted.message)
        tracing.keep(accepted.message.id)
        if not accepted.is_new:
            return
        # First, so that the answer doesn't wait until other processes have the question.
        runner.wake(session_id, accepted.turn)
        await rooms.publish(session_id, MessagePosted(accepted.message, socket.name))


async def _note_page(socket: SessionSocket, session_id: uuid.UUID) -> None:
    """Save the visitor's page. If that fails, it is saved with the next message."""
    if socket.page is None:
        return
    try:
        async with asyncio.timeout(PAGE_SECONDS):
            await in_database(save_page, session_id=session_id, page=socket.page)
    except Exception as error:  # noqa: BLE001 - the visitor did nothing that could fail
        logger.warning("A page could not be stored: %s", type(error).__name__)


@tracing.traced("regenerate")
async def _regenerate(message_id: str, socket: SessionSocket, session_id: uuid.UUID) -> None:
    # In order: the end of the earlier turn is published before this one is requested.
    async with rooms.in_order(session_id):
        question_id = await in_database(
            regenerate_answer,
            session_id=session_id,
            message_id=message_id,
            ip=socket.handshake.ip,
        )
        socket.mark_requested(question_id)
        tracing.keep(question_id)
    runner.wake(session_id)


async def _stop(session_id: uuid.UUID) -> None:
    runner.stop(session_id)
    await bus.send(session_id, StopRequested())


async def _start_new_conversation(session_id: uuid.UUID, ip: str) -> None:
    await in_database(take_session, ip=ip)
    session, token = await in_database(replace_session, session_id=session_id)
    # After deleting waiting turns; otherwise the next one would start when this one stops.
    await _stop(session_id)
    state = await in_database(conversation_state, session_id=session.id)
    event = SessionReplaced(
        session_id=str(session.id),
        session_token=token,
        contact_info_submitted=session.contact_claim is not None,
        starters=session.widget.starters,
        notice=session.widget.notice,
        contact_card=contact_card(session.widget.organization),
        back_at=state.back_at,
        is_person_offered=state.is_offered,
    )
    await rooms.publish(session_id, event)

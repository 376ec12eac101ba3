"""Widgets, visitors' sessions and messages, unfinished turns, and counters."""

from widgets.models.actions import ActionCall
from widgets.models.config import MAX_GREETING, MAX_NAME, MAX_NOTICE, MAX_NOTICE_URL, WidgetConfig
from widgets.models.conversation import WidgetMessage, WidgetSession
from widgets.models.desk import Draft, SavedReply
from widgets.models.notifications import (
    ContinuedSession,
    Notification,
    PushDevice,
    PushKey,
    StoppedAddress,
)
from widgets.models.records import (
    ClosedQuestion,
    ErasureReceipt,
    LimitHit,
    RefusedOrigin,
    SeenSite,
    WidgetDailyUsage,
)
from widgets.models.team import ConversationEvent, ConversationNote
from widgets.models.turn import WidgetTurn

__all__ = [
    "MAX_GREETING",
    "MAX_NAME",
    "MAX_NOTICE",
    "MAX_NOTICE_URL",
    "ActionCall",
    "ClosedQuestion",
    "ContinuedSession",
    "ConversationEvent",
    "ConversationNote",
    "Draft",
    "ErasureReceipt",
    "LimitHit",
    "Notification",
    "PushDevice",
    "PushKey",
    "RefusedOrigin",
    "SavedReply",
    "SeenSite",
    "StoppedAddress",
    "WidgetConfig",
    "WidgetDailyUsage",
    "WidgetMessage",
    "WidgetSession",
    "WidgetTurn",
]

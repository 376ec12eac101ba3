"""Widgets, their visitors' sessions and messages, the turns under way, and what is counted."""

from widgets.models.config import MAX_GREETING, MAX_NAME, MAX_NOTICE, MAX_NOTICE_URL, WidgetConfig
from widgets.models.conversation import WidgetMessage, WidgetSession, WidgetTurn
from widgets.models.records import ErasureReceipt, LimitHit, RefusedOrigin, WidgetDailyUsage
from widgets.models.team import ConversationEvent, ConversationNote

__all__ = [
    "MAX_GREETING",
    "MAX_NAME",
    "MAX_NOTICE",
    "MAX_NOTICE_URL",
    "ConversationEvent",
    "ConversationNote",
    "ErasureReceipt",
    "LimitHit",
    "RefusedOrigin",
    "WidgetConfig",
    "WidgetDailyUsage",
    "WidgetMessage",
    "WidgetSession",
    "WidgetTurn",
]

"""Widgets, visitors' sessions and messages, unfinished turns, and counters."""

from widgets.models.config import MAX_GREETING, MAX_NAME, MAX_NOTICE, MAX_NOTICE_URL, WidgetConfig
from widgets.models.conversation import WidgetMessage, WidgetSession, WidgetTurn
from widgets.models.records import ErasureReceipt, LimitHit, RefusedOrigin, WidgetDailyUsage

__all__ = [
    "MAX_GREETING",
    "MAX_NAME",
    "MAX_NOTICE",
    "MAX_NOTICE_URL",
    "ErasureReceipt",
    "LimitHit",
    "RefusedOrigin",
    "WidgetConfig",
    "WidgetDailyUsage",
    "WidgetMessage",
    "WidgetSession",
    "WidgetTurn",
]

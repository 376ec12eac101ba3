"""Keep secrets out of every log line, from any library, as text or JSON."""

import copy
import json
import logging
import re
from datetime import UTC, datetime

from loquent.telemetry import correlation, tracing

_QUERY_TOKEN = re.compile(r"(?i)\b(token=)[^&\s\"'<>]+")
_SECRET = re.compile(r"\b(wst_|lqk_|lqi_|lqc_)[A-Za-z0-9_-]{8,}")
# A password reset link: its user and its token.
_RESET = re.compile(r"(/password-reset/)[^/\s\"'?]+/[^/\s\"'?]+")
# The link of a mail that stops mails; the one that continues a conversation has a token.
_STOP = re.compile(r"(/chat/stop/)[^/\s\"'?]+")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[^\s\"',]+")


def redact(text: str) -> str:
    """Return the text without tokens, API keys, invitations, and links that are secrets."""
    text = _QUERY_TOKEN.sub(r"\1[redacted]", text)
    text = _SECRET.sub(r"\1[redacted]", text)
    text = _RESET.sub(r"\1[redacted]", text)
    text = _STOP.sub(r"\1[redacted]", text)
    return _BEARER.sub(r"\1[redacted]", text)


# An unavailable layer and a refused request are not bugs: the line says enough.
WITHOUT_TRACEBACK = ("channels_redis.", "django.security.")


class RedactingFormatter(logging.Formatter):
    """Redacts the finished line, its traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        is_expected = record.levelno < logging.ERROR or record.name.startswith(WITHOUT_TRACEBACK)
        if record.exc_info and is_expected:
            record = copy.copy(record)
            kind = record.exc_info[0] if record.exc_info else None
            record.msg = f"{record.getMessage()} ({kind.__name__ if kind else 'unknown'})"
            record.args, record.exc_info, record.exc_text = None, None, None
        return redact(super().format(record))


class JsonFormatter(RedactingFormatter):
    """One JSON object per line, with the request and the conversation that it belongs to.

    `request_id`, `session_id`, `trace_id` and `span_id` are omitted if they are unknown.
    """

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record)
        message, _, rest = lines.partition("\n")
        trace_id, span_id = tracing.ids()
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            "details": rest,
            "request_id": correlation.request_id.get(),
            "session_id": correlation.session_id.get(),
            "trace_id": trace_id,
            "span_id": span_id,
        }
        return json.dumps({name: redact(value) for name, value in entry.items() if value})

"""Keeps secrets out of every log line, whoever wrote it."""

import logging
import re

_QUERY_TOKEN = re.compile(r"(?i)\b(token=)[^&\s\"'<>]+")
_SECRET = re.compile(r"\b(wst_|lqk_)[A-Za-z0-9_-]{8,}")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[^\s\"',]+")


def redact(text: str) -> str:
    """The text without session tokens, API keys, and bearer tokens."""
    text = _QUERY_TOKEN.sub(r"\1[redacted]", text)
    text = _SECRET.sub(r"\1[redacted]", text)
    return _BEARER.sub(r"\1[redacted]", text)


class RedactingFormatter(logging.Formatter):
    """Redacts the finished line, its traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))

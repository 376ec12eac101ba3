"""No log line holds a token or a key."""

import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.telemetry.logs import RedactingFormatter, redact
from loquent.tokens import API_KEY, SESSION_TOKEN

# Constants, so that every run collects tests of the same names.
TOKEN = f"{SESSION_TOKEN}De2kUOzM2RBrRyQ-ZiBxRmWHWMKcxalKSvaXHGIltkQ"
KEY = f"{API_KEY}ztdxot9Mww5AUDwsAb23OZJGENW-rlIgKfWA5DP42x4"


@pytest.mark.parametrize(
    "line",
    [
        f'"WebSocket /api/widget/wid_x/ws?token={TOKEN}" [accepted]',
        f"GET /ws?last_seq=3&token={TOKEN}&x=1",
        f"GET /ws?TOKEN={TOKEN}",
        f"Sec-WebSocket-Protocol: loquent.v2, loquent.token.{TOKEN}",
        f"Authorization: Bearer {KEY}",
        f"{{'HTTP_AUTHORIZATION': 'bearer {KEY}'}}",
        f"the key {KEY} is unknown",
        f"b'{TOKEN}'",
    ],
)
def test_secret_is_redacted_anywhere_in_a_line(line: str) -> None:
    for secret in (TOKEN, KEY):
        assert secret not in redact(line)
        assert secret.partition("_")[2] not in redact(line)
    assert "[redacted]" in redact(line)


def test_a_foreign_bearer_token_is_redacted() -> None:
    assert redact("Authorization: Bearer sk-proj-123") == "Authorization: Bearer [redacted]"
    link = "Forbidden: /admin/password-reset/MQ/d2r-abcdef0123456789/"
    assert redact(link) == "Forbidden: /admin/password-reset/[redacted]/"
    assert redact("GET /chat/stop/WyJhIl0:1w:x_y-z 200") == "GET /chat/stop/[redacted] 200"
    assert redact("POST /chat/continue/lqc_abcdefgh") == "POST /chat/continue/lqc_[redacted]"
    assert redact("?token=short&a=1") == "?token=[redacted]&a=1"


def test_other_text_is_unchanged() -> None:
    line = "127.0.0.1:50000 - GET /api/widget/wid_abcdefghijklmnop/config 200"
    assert redact(line) == line


@given(st.text(), st.text())
def test_any_token_is_redacted(before: str, after: str) -> None:
    separated = f"{before} {TOKEN} {after}"
    assert TOKEN not in redact(separated)


def test_the_formatter_redacts_arguments_and_tracebacks() -> None:
    try:
        raise ValueError(f"bad token {TOKEN}")
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "key %s", (KEY,), error)
    line = RedactingFormatter("%(levelname)s %(message)s").format(record)
    assert line.startswith("ERROR key lqk_[redacted]\nTraceback")
    assert "ValueError: bad token wst_[redacted]" in line
    assert TOKEN not in line
    assert KEY not in line

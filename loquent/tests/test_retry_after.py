from datetime import UTC, datetime

import pytest

from loquent.retry_after import parse_retry_after

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("Thu, 01 Jan 2026 12:00:30", 30.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("9" * 500 + "s", None),
        ("Thu, 01 Jan 2026 12:00:30 +99999999999999999999", None),
        ("Thu, 01 Jan 99999999999999999999 12:00:30 GMT", None),
        ("", None),
    ],
)
def test_retry_after_is_parsed_into_seconds(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds

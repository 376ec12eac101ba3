"""Every limit has a variable of its own; the defaults are the contract's."""

from dataclasses import asdict, fields

import pytest
from django.core.exceptions import ImproperlyConfigured

from loquent.limits import Limits, variable

NAMES = [field.name for field in fields(Limits)]


@pytest.fixture(autouse=True)
def _no_limits_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(variable(name), raising=False)


def test_default_limits_are_as_documented() -> None:
    assert Limits.from_env() == Limits()
    limits = Limits()
    assert limits.frame_bytes == 64 * 1024
    assert limits.message_chars == 4_000
    assert limits.bad_frames == 10
    assert limits.sockets_per_session == 5
    assert (limits.turn_connect_seconds, limits.turn_first_token_seconds) == (5, 30)
    assert (limits.turn_gap_seconds, limits.turn_total_seconds) == (20, 90)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0, 3])
def test_each_limit_is_read_from_its_variable(
    name: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"LIMIT_{name.upper()}", str(value))
    assert asdict(Limits.from_env()) == asdict(Limits()) | {name: value}


@pytest.mark.parametrize("value", ["-1", "many", "1.5"])
def test_invalid_limit_names_its_variable(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMIT_FRAME_BYTES", value)
    with pytest.raises(ImproperlyConfigured, match="LIMIT_FRAME_BYTES"):
        Limits.from_env()

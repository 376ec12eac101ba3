"""Reading the environment: what is wrong is said loudly, and a secret is never repeated."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from loquent.env import envbool, envint, envlist, envsecret, envstr

NAME = "LOQUENT_TEST_VARIABLE"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.delenv(f"{NAME}_FILE", raising=False)
    return monkeypatch


def test_string_is_trimmed(env: pytest.MonkeyPatch) -> None:
    assert envstr(NAME, "default") == "default"
    env.setenv(NAME, "  value \n")
    assert envstr(NAME, "default") == "value"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((v, True) for v in ("1", "true", "True", "YES", "on", " 1 ")),
        *((v, False) for v in ("0", "false", "False", "NO", "off", "")),
    ],
)
def test_boolean_is_parsed(env: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    env.setenv(NAME, value)
    assert envbool(NAME, not expected) is expected


@pytest.mark.parametrize("default", [True, False])
def test_unset_boolean_has_its_default(env: pytest.MonkeyPatch, default: bool) -> None:
    assert envbool(NAME, default) is default


@pytest.mark.parametrize("value", ["2", "ture", "enabled", "-"])
def test_invalid_boolean_is_refused(env: pytest.MonkeyPatch, value: str) -> None:
    env.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured, match=rf"{NAME}='{value}' is not a boolean"):
        envbool(NAME, False)


@pytest.mark.parametrize(("value", "expected"), [("0", 0), (" 12 ", 12), ("", 7), ("  ", 7)])
def test_number_is_parsed(env: pytest.MonkeyPatch, value: str, expected: int) -> None:
    env.setenv(NAME, value)
    assert envint(NAME, 7) == expected


@pytest.mark.parametrize("value", ["1.5", "many", "1e3", "0x10"])
def test_invalid_number_is_refused(env: pytest.MonkeyPatch, value: str) -> None:
    env.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}='{value}' is not a whole number"):
        envint(NAME, 7)


@pytest.mark.parametrize(("value", "minimum"), [("-1", 0), ("0", 1)])
def test_number_below_the_minimum_is_refused(
    env: pytest.MonkeyPatch, value: str, minimum: int
) -> None:
    env.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}={value} .*use {minimum} or more"):
        envint(NAME, 7, minimum=minimum)


def test_list_is_parsed(env: pytest.MonkeyPatch) -> None:
    assert envlist(NAME, ("a",)) == ["a"]
    env.setenv(NAME, " a.example , b.example,, ")
    assert envlist(NAME, ("a",)) == ["a.example", "b.example"]
    env.setenv(NAME, "")
    assert envlist(NAME, ("a",)) == []


def test_secret_is_read_from_the_variable(env: pytest.MonkeyPatch) -> None:
    assert envsecret(NAME) == ""
    env.setenv(NAME, "s3cret\n")
    assert envsecret(NAME) == "s3cret"


def test_secret_is_read_from_a_file(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret\n", encoding="utf-8")
    env.setenv(f"{NAME}_FILE", str(file))
    assert envsecret(NAME) == "s3cret"


def test_secret_in_variable_and_file_is_refused(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env.setenv(NAME, "s3cret")
    env.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} and {NAME}_FILE are both set") as error:
        envsecret(NAME)
    assert "s3cret" not in str(error.value)


def test_missing_secret_file_is_refused(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env.setenv(f"{NAME}_FILE", str(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}_FILE=.*none.*No such file"):
        envsecret(NAME)


def test_binary_secret_file_is_refused(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfe\x00")
    env.setenv(f"{NAME}_FILE", str(file))
    with pytest.raises(ImproperlyConfigured, match="it is not UTF-8 text"):
        envsecret(NAME)

"""Reads settings from the environment, and says what to do when a value is wrong."""

import ipaddress
import os
from importlib.util import find_spec
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def envstr(name: str, default: str = "") -> str:
    """Return the variable as text, trimmed; `default` if it is unset."""
    return os.environ.get(name, default).strip()


def envbool(name: str, default: bool) -> bool:
    """Return the variable as a boolean: 1/true/yes/on or 0/false/no/off, in any case."""
    value = os.environ.get(name)
    if value is None:
        return default
    value = value.strip().lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is not a boolean. Use 1 or 0.")


def envint(name: str, default: int, *, minimum: int = 0) -> int:
    """Return the variable as an integer of at least `minimum`."""
    value = envstr(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from None
    if number < minimum:
        raise ImproperlyConfigured(f"{name}={number} is too small: use {minimum} or more.")
    return number


def envlist(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return the variable's items between commas, trimmed and without empty ones."""
    value = os.environ.get(name)
    if value is None:
        return list(default)
    return [item.strip() for item in value.split(",") if item.strip()]


def envseconds(name: str, default: tuple[float, ...]) -> tuple[float, ...]:
    """Return the variable as durations in seconds, such as 0,5,300; at least one."""
    try:
        found = tuple(float(item) for item in envlist(name)) or default
    except ValueError:
        found = (-1.0,)
    if not all(0 <= seconds < float("inf") for seconds in found):
        value = envstr(name)
        raise ImproperlyConfigured(f"{name}={value!r} is not a list of seconds like 0,5,300.")
    return found


def envnetworks(name: str) -> list[Network]:
    """Return the variable as a list of networks, such as 10.0.0.0/8, or single addresses."""
    try:
        return [ipaddress.ip_network(item) for item in envlist(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}. Use a list like 10.0.0.0/8,::1.") from None


def require_modules(variable: str, requirements: str, *modules: str) -> None:
    """Raise ImproperlyConfigured if a variable needs packages that aren't installed."""
    for module in modules:
        try:
            is_there = find_spec(module) is not None
        except ModuleNotFoundError:
            is_there = False
        if not is_there:
            raise ImproperlyConfigured(
                f"{variable} needs the packages of {requirements}: install them, or unset it."
            )


def envsecret(name: str) -> str:
    """Return a secret from NAME, or from the file that NAME_FILE names; empty if neither is set.

    Raises ImproperlyConfigured when both are set or the file can't be read. The value is
    never part of a message.
    """
    value = envstr(name)
    path = envstr(f"{name}_FILE")
    if value and path:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set. Keep one of them.")
    if not path:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ImproperlyConfigured(f"{name}_FILE={path!r} can't be read: {reason}.") from None

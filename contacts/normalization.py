"""Normalise email addresses, telephone numbers and names. Pure: no database, no I/O."""

import re
import unicodedata

import idna
import phonenumbers

from loquent.text import normalize_unicode, strip_invisible

MAX_EMAIL = 254
MAX_NAME = 200
_LONG_EMAIL = f"The email is longer than {MAX_EMAIL} characters."
_LOCAL = re.compile(r"^[^\s@\"(),:;<>\[\\\]]{1,64}\Z")
# What people type of a telephone number, and how many digits of it tell one from a year.
_DIALLED = re.compile(r"^[+0-9][0-9()/. -]*\Z|^\([0-9()/. -]*\Z")
MIN_DIALLED = 5
_DOMAIN = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)*\.(?![0-9]+\Z)[a-z0-9-]+\Z")


class NormalizationError(ValueError):
    """The text is not an email address or telephone number; the message tells the visitor why."""


def normalize_email(text: str) -> str:
    """Return the email in NFKC, trimmed, in lower case, with its domain in ASCII (IDNA) form.

    At most 254 characters. Raises NormalizationError, also for an address literal such as
    `a@[127.0.0.1]` and for characters within the address that are invisible or can't be stored
    (controls, lone surrogates). Invisible characters around it are removed.
    """
    text = strip_invisible(text)
    # NFKC merges at most four characters into one, so a text over this length stays too long.
    if len(text) > 4 * MAX_EMAIL:
        raise NormalizationError(_LONG_EMAIL)
    text = strip_invisible(normalize_unicode("NFKC", text)).lower()
    local, separator, domain = text.rpartition("@")
    is_local = _LOCAL.match(local) and not any(unicodedata.category(c)[0] == "C" for c in local)
    if not separator or not is_local or local.startswith(".") or local.endswith("."):
        raise NormalizationError("Please enter an email address like name@example.com.")
    try:
        domain = idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise NormalizationError("The part of the email after the @ is not valid.") from None
    if ".." in local or not _DOMAIN.match(domain):
        raise NormalizationError("Please enter an email address like name@example.com.")
    if len(local) + 1 + len(domain) > MAX_EMAIL:
        raise NormalizationError(_LONG_EMAIL)
    return f"{local}@{domain}"


def normalize_phone(text: str, *, region: str = "") -> str:
    """Return the number in E.164 form, such as `+41446681800`.

    `region` (two letters) is the country assumed for a number without a country code. Raises
    NormalizationError. It is not checked whether the number is in use: `+1234567890` is valid.
    """
    e164 = _e164(strip_invisible(normalize_unicode("NFKC", text)), region)
    # An undiallable number could lose a prefix each time it is parsed.
    while (again := _e164(e164, region)) != e164:
        e164 = again
    digits = e164.removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or not 7 <= len(digits) <= 15:
        raise NormalizationError("A phone number has 7 to 15 digits.")
    return e164


def national_digits(text: str) -> str:
    """Return the digits of a number without the prefixes that depend on where it is dialled.

    Every spelling of a number ends with them: `079 123`, `+41 79 123` and `0041 79 123`. Returns
    an empty text for what is no number, or too short for one.
    """
    digits = "".join(filter(str.isdigit, text)) if _DIALLED.match(text) else ""
    if not digits.isascii() or len(digits) < MIN_DIALLED:
        return ""
    return digits.removeprefix("00").removeprefix("0")


def _e164(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        raise NormalizationError(
            "Please enter a phone number with its country code, like +41 44 668 18 00."
        ) from None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalize_name(text: str) -> str:
    """Return the name in NFC, with single spaces, no control characters, at most 200 characters."""
    text = normalize_unicode("NFC", text)
    text = "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)
    text = strip_invisible(" ".join(text.split()))
    if not text:
        raise NormalizationError("Please enter a name.")
    if len(text) > MAX_NAME:
        raise NormalizationError(f"The name is longer than {MAX_NAME} characters.")
    return text

"""Which pages may run a widget: the value of an `Origin` header against a stored list."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from widgets.origins import (
    OriginError,
    is_origin_allowed,
    normalize_origin_entry,
    parse_origin,
)
from widgets.services.validate_origin import is_request_allowed

pytestmark = pytest.mark.promise(11)

LISTED = [
    "https://example.com",
    "https://*.wild.example",
    "https://*.ports.example:8443",
    "http://localhost:3000",
    "http://[::1]:8000",
    "https://xn--bcher-kva.example",
]
SITE = "http://127.0.0.1:8000"
ALLOWED = [
    "https://example.com",
    "https://example.com:443",
    "HTTPS://EXAMPLE.COM",
    "https://Example.com",
    "https://a.wild.example",
    "https://a.b.c.wild.example",
    "https://A.WILD.example",
    "https://a.wild.example:443",
    "https://a_b.wild.example",
    "https://xn--bcher-kva.wild.example",
    "https://a.ports.example:8443",
    "http://localhost:3000",
    "http://[::1]:8000",
    "http://[0:0::1]:8000",
    "https://xn--bcher-kva.example",
    SITE,
    "HTTP://127.0.0.1:8000",
]
REFUSED = [
    "",
    "null",
    "NULL",
    "*",
    "example.com",
    "//example.com",
    "https:example.com",
    "https:/example.com",
    "https:///example.com",
    "https://",
    # Another scheme, host or port.
    "http://example.com",
    "ws://example.com",
    "wss://example.com",
    "file://example.com",
    "chrome-extension://example.com",
    "https://example.com:8443",
    "https://example.com:80",
    "https://www.example.com",
    "https://example.org",
    "https://wild.example",
    "https://.wild.example",
    "https://..wild.example",
    "https://0x7f000001",
    "https://a..wild.example",
    "https://-.wild.example",
    "http://a.wild.example",
    "https://a.wild.example:444",
    "https://*.wild.example",
    "https://a.ports.example",
    "https://a.ports.example:443",
    "https://ports.example:8443",
    "http://localhost",
    "https://localhost:3000",
    "http://127.0.0.1",
    "http://127.0.0.1:80000",
    "https://127.0.0.1:8000",
    "http://127.0.0.1.:8000",
    # Names that only look alike.
    "https://evil-example.com",
    "https://evilexample.com",
    "https://example.com.evil.net",
    "https://example.com.",
    "https://example.comm",
    "https://exampleXcom",
    "https://evil.net/https://example.com",
    "https://evilwild.example",
    "https://a.wild.example.evil.net",
    "https://evil.net?.wild.example",
    "https://evil.net#.wild.example",
    "https://evil.net\\.wild.example",
    "https://evil.net%2f.wild.example",
    "https://evil.net:443.wild.example",
    "https://bücher.example",
    "https://exаmple.com",
    # More than an origin.
    "https://example.com/",
    "https://example.com/shop",
    "https://example.com?x",
    "https://example.com#x",
    "https://user@example.com",
    "https://user:pass@example.com",
    "https://@example.com",
    "https://evil.net\\@example.com",
    "https://example.com@evil.net",
    "https://example.com\\",
    # Broken ports.
    "https://example.com:",
    "https://example.com:0",
    "https://example.com:65536",
    "https://example.com:99999",
    "https://example.com:" + "9" * 10_000,
    "https://example.com:0443",
    "https://example.com:+443",
    "https://example.com:4_43",
    "https://example.com:443:443",
    "https://example.com:٤٤٣",
    # White space, controls, several at once.
    " https://example.com",
    "https://example.com ",
    "https://example.com\n",
    "https://example.com\r\nX: y",
    "https://exam\tple.com",
    "https://example.com\x00",
    "\x00https://example.com",
    "https://example.com\x00.wild.example",
    "https://example.com\ud800",
    "https://example.com, https://example.com",
    "https://example.com,https://example.com",
    "https://example.com https://example.com",
    "https://[::1",
    "http://[::1]]:8000",
    "http://[::1%25eth0]:8000",
    "http://[::1%eth0]:8000",
    "http://::1:8000",
    "https://" + "a" * 100_000,
    "https://" + "a." * 50_000 + "wild.example",
    "https://" + "a" * 64 + ".wild.example",
]


@pytest.mark.parametrize("origin", ALLOWED)
def test_allowed(origin: str) -> None:
    assert is_origin_allowed(origin, LISTED, site_origin=SITE)
    assert is_request_allowed(allowed=LISTED, origins=[origin.encode()])


@pytest.mark.parametrize("origin", REFUSED)
def test_refused(origin: str) -> None:
    assert not is_origin_allowed(origin, LISTED, site_origin=SITE)
    header = origin.encode("utf-8", "surrogatepass")
    # White space around a header's value is no part of it, and some servers take it off.
    is_padded = origin != origin.strip(" \t") and origin.strip(" \t") in LISTED
    assert is_request_allowed(allowed=LISTED, origins=[header]) is is_padded


def test_absent_origin_is_refused_only_with_a_list() -> None:
    assert not is_origin_allowed(None, LISTED, site_origin=SITE)
    assert not is_request_allowed(allowed=LISTED, origins=[])
    assert is_origin_allowed(None, None)
    assert is_request_allowed(allowed=None, origins=[])


@pytest.mark.parametrize("origin", [*ALLOWED, *REFUSED])
def test_no_list_allows_any_site(origin: str) -> None:
    assert is_origin_allowed(origin, None)


def test_an_empty_list_fails_closed() -> None:
    assert not is_origin_allowed("https://example.com", [])
    assert is_origin_allowed(SITE, [], site_origin=SITE)


@pytest.mark.parametrize(
    "origins",
    [
        [b"https://example.com", b"https://example.com"],
        [b"https://example.com", b""],
        [b"https://example.com", b"null"],
        [b"https://example.com"] * 100,
        [b"\xff\xfe"],
        [b"https://ex\xe4mple.com"],
        ["https://bücher.example".encode()],
    ],
)
def test_headers_that_no_browser_sends_are_refused(origins: list[bytes]) -> None:
    assert not is_request_allowed(allowed=LISTED, origins=origins)
    assert not is_request_allowed(allowed=LISTED, origins=origins, fetch_site=b"same-origin")


@pytest.mark.parametrize(
    ("fetch_site", "fine"),
    [
        (b"same-origin", True),
        (b"same-site", False),
        (b"cross-site", False),
        (b"none", False),
        (b"", False),
        (b"Same-Origin", False),
        (b"same-origin, cross-site", False),
        (b"\xff", False),
    ],
)
def test_sec_fetch_site_replaces_only_an_absent_origin(fetch_site: bytes, fine: bool) -> None:
    assert is_request_allowed(allowed=LISTED, origins=[], fetch_site=fetch_site) is fine
    for origin in (b"null", b"", b"https://evil.net"):
        assert not is_request_allowed(allowed=LISTED, origins=[origin], fetch_site=fetch_site)


@given(st.text(st.characters(exclude_categories=[])) | st.from_regex(r"https?://\S{0,40}"))
@example("https://[::ffff:1.2.3.4]")
def test_every_origin_has_one_exact_form(value: str) -> None:
    canonical = parse_origin(value)
    if canonical is None:
        assert not is_origin_allowed(value, LISTED, site_origin=SITE)
        return
    assert parse_origin(canonical) == canonical
    assert canonical.isascii()
    assert canonical == canonical.lower()
    assert is_origin_allowed(value, [canonical])
    assert is_origin_allowed(canonical, [canonical])


@given(st.lists(st.binary(max_size=40), max_size=3), st.binary(max_size=12))
def test_any_header_is_handled_without_raising(origins: list[bytes], fetch_site: bytes) -> None:
    fine = is_request_allowed(allowed=LISTED, origins=origins, fetch_site=fetch_site)
    assert not fine or not origins or parse_origin(origins[0].decode("ascii")) is not None


@given(
    st.from_regex(r"https?://[a-z0-9_.-]{1,20}(:[0-9]{1,5})?", fullmatch=True),
    st.sampled_from(LISTED),
)
def test_page_is_allowed_exactly_if_the_entry_matches(value: str, entry: str) -> None:
    canonical = parse_origin(value)
    allowed = is_origin_allowed(value, [entry])
    if canonical is None:
        assert not allowed
    elif "*" not in entry:
        assert allowed == (canonical == entry)
    else:
        tail = entry.removeprefix("https://*")
        assert allowed == (canonical.startswith("https://") and canonical.endswith(tail))


@given(st.from_regex(r"[a-zA-Z0-9-]{1,8}(\.[a-zA-Z0-9-]{1,8}){1,3}(:[0-9]{1,5})?", fullmatch=True))
def test_listed_origin_allows_its_own_page(typed: str) -> None:
    try:
        entry = normalize_origin_entry(typed)
    except OriginError:
        return
    assert is_origin_allowed(entry, [entry])
    assert not is_origin_allowed(entry.replace("https://", "http://"), [entry])

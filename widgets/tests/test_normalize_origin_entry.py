"""What staff may type in a widget's list of origins, and how it is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.origins import OriginError, add_www, normalize_origin_entry, parse_origin

ANY_TEXT = st.text(st.characters(exclude_categories=[]))
ORIGIN_LIKE = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "https://", "http://", "HTTPS://", "https://*.", "ftp://", "//", " "]),
    st.text("abcXYZ019.-_*[]:@\\/ü。ß１\u200d%#?", max_size=20) | st.ip_addresses().map(str),
    st.sampled_from(["", ".com", ".example.com", ".Bücher.de", ".1"]),
    st.sampled_from(["", "/", ":443", ":80", ":8080", ":0", ":65536", ":007", "/x", "?x", "#x"]),
)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("https://example.com", "https://example.com"),
        ("  https://example.com\n", "https://example.com"),
        ("https://example.com/", "https://example.com"),
        ("HTTPS://Example.COM", "https://example.com"),
        ("example.com", "https://example.com"),
        ("Example.com/", "https://example.com"),
        ("www.example.com", "https://www.example.com"),
        ("example.com:8443", "https://example.com:8443"),
        ("example.com:443", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:80", "http://example.com"),
        ("http://example.com:443", "http://example.com:443"),
        ("https://example.com:80", "https://example.com:80"),
        ("https://example.com:0443", "https://example.com"),
        ("https://example.com:65535", "https://example.com:65535"),
        ("https://example.com:1", "https://example.com:1"),
        ("http://localhost", "http://localhost"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://intranet", "https://intranet"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("127.0.0.1:8000", "https://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("https://[2001:DB8::1]/", "https://[2001:db8::1]"),
        ("https://[::ffff:1.2.3.4]", "https://[::ffff:102:304]"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example", "https://xn--bcher-kva.example"),
        ("bücher.example", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://例え。テスト", "https://xn--r8jz45g.xn--zckzah"),
        ("https://１２７.0.0.1", "https://127.0.0.1"),
        ("https://a_b.example.com", "https://a_b.example.com"),
        ("https://a-b.example.com", "https://a-b.example.com"),
        ("https://*.example.com", "https://*.example.com"),
        ("*.example.com", "https://*.example.com"),
        ("https://*.Example.com/", "https://*.example.com"),
        ("https://*.shop.example.com", "https://*.shop.example.com"),
        ("https://*.example.com:8443", "https://*.example.com:8443"),
        ("https://*.example.com:443", "https://*.example.com"),
        ("https://*.bücher.example", "https://*.xn--bcher-kva.example"),
    ],
)
def test_valid_entry_is_normalized(typed: str, stored: str) -> None:
    assert normalize_origin_entry(typed) == stored
    assert normalize_origin_entry(stored) == stored


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("*", "leave the list empty"),
        ("https://*", "subdomains|wildcard"),
        ("null", "not a whole address"),
        ("localhost", "not a whole address"),
        ("localhost:3000", "not a whole address"),
        ("//example.com", "not a whole address"),
        ("[::1]", "not a whole address"),
        ("https://", "no valid host"),
        ("https:///", "no valid host"),
        ("https://example.com/shop", "a path"),
        ("example.com/shop", "a path"),
        ("https://example.com//", "a path"),
        ("https://example.com?x=1", "a query"),
        ("https://example.com/?x=1", "a path|a query"),
        ("https://example.com#top", "a fragment"),
        ("https://user@example.com", "a user name"),
        ("https://user:secret@example.com", "a user name"),
        ("https://evil.com\\@example.com", "a user name|a backslash"),
        ("https://evil.com\\.example.com", "a backslash"),
        ("https://example.com:65536", "1 to 65535"),
        ("https://example.com:0", "1 to 65535"),
        ("https://example.com:99999999999999999999", "1 to 65535"),
        ("https://example.com:", "1 to 65535"),
        ("https://example.com:80a", "1 to 65535"),
        ("https://example.com:-1", "1 to 65535"),
        ("https://example.com:٨٠", "1 to 65535"),
        ("https:example.com", "1 to 65535"),
        ("http://*.example.com", "https only"),
        ("https://*.com", "needs a domain"),
        ("https://*.localhost", "needs a domain"),
        ("https://*.127.0.0.1", "needs a domain"),
        ("https://*.[::1]", "needs a domain|host"),
        ("https://*.*.example.com", "subdomains"),
        ("https://shop.*.example.com", "subdomains"),
        ("https://*example.com", "subdomains"),
        ("https://example.*", "subdomains"),
        ("ftp://example.com", "only http and https"),
        ("javascript://example.com", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("wss://example.com", "only http and https"),
        ("https://example..com", "host"),
        ("https://.example.com", "host"),
        ("https://example.com.", "host"),
        ("https://-example.com", "host"),
        ("https://example-.com", "host"),
        ("https://exa mple.com", "host"),
        ("https://exam\tple.com", "host"),
        ("https://exam\x00ple.com", "host"),
        ("https://exam\nple.com", "host"),
        ("https://exam%70le.com", "host"),
        ("https://exam\ud800ple.com", "host"),
        ("https://\u200d.com", "host"),
        ("https://1.2.3", "host"),
        ("https://1.2.3.256", "host"),
        ("https://1.2.3.04", "host"),
        ("https://example.1", "host"),
        ("https://example.0x1", "host"),
        ("https://0x7f000001", "host"),
        ("https://[::1", "host|IPv6|origin"),
        ("https://[::1]x", "not the address of a website"),
        ("https://[::g]", "IPv6"),
        ("https://[fe80::1%eth0]", "IPv6"),
        ("https://[1.2.3.4]", "IPv6"),
        ("https://a.example.com, https://b.example.com", "path|1 to 65535"),
        ("https://" + "x" * 64 + ".com", "host"),
        ("https://" + "x." * 122 + "example.com/", "host"),
        ("https://" + "x" * 300, "longer than 300"),
        ("x" * 1_000_000, "longer than 300"),
    ],
)
def test_invalid_entry_is_refused_with_a_reason(typed: str, reason: str) -> None:
    with pytest.raises(OriginError, match=reason):
        normalize_origin_entry(typed)


@given(ANY_TEXT | ORIGIN_LIKE)
def test_accepted_entries_have_one_canonical_form(typed: str) -> None:
    try:
        stored = normalize_origin_entry(typed)
    except OriginError:
        return
    assert normalize_origin_entry(stored) == stored
    assert normalize_origin_entry(f" {stored}/ ") == stored
    assert stored.isascii()
    # What a browser on such a page sends is just what is stored.
    page = stored.replace("https://*.", "https://deep.sub.")
    assert parse_origin(page) == page


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("brot.example", ["brot.example", "www.brot.example"]),
        ("WWW.Brot.Example", ["brot.example", "www.brot.example"]),
        (" shop.brot.example\u200b", ["shop.brot.example", "www.shop.brot.example"]),
        ("bäckerei.example", ["bäckerei.example", "www.bäckerei.example"]),
        ("https://brot.example", ["https://brot.example"]),
        ("brot.example:8443", ["brot.example:8443"]),
        ("brot.example/", ["brot.example/"]),
        ("brot.example/shop", ["brot.example/shop"]),
        ("*.brot.example", ["*.brot.example"]),
        ("192.168.1.10", ["192.168.1.10"]),
        ("[::1]", ["[::1]"]),
        ("localhost", ["localhost"]),
        ("www.com", ["www.com"]),
        ("", [""]),
    ],
)
def test_bare_domain_stands_for_its_www_name(typed: str, stored: list[str]) -> None:
    assert add_www(typed) == stored

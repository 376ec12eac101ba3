"""Which addresses belong to a website source, and which are the same page."""

import pytest

from loquent.agents.crawling.robots import sitemap_addresses
from loquent.agents.crawling.scope import Scope, normal, page_key

HOST = "https://example.com"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/a#part", "https://example.com/a"),
        ("https://example.com/?utm_source=x&b=2&a=1&gclid=3", "https://example.com/?a=1&b=2"),
        ("https://example.com/wiki?Page", "https://example.com/wiki?Page"),
        ("https://example.com/ü?q=ä b", "https://example.com/%C3%BC?q=%C3%A4+b"),
        ("https://example.com/a%2Fb", "https://example.com/a%2Fb"),
        ("https://example.com/a;jsessionid=1F.n1/b;v=1", "https://example.com/a/b;v=1"),
        ("https://example.com/a;JSESSIONID=1F?x=1", "https://example.com/a?x=1"),
        ("https://user:pw@example.com/", ""),
        ("mailto:a@b.c", ""),
        ("javascript:x()", ""),
        ("/relative", ""),
        ("https://", ""),
        ("https://example.com/" + "x" * 2_000, ""),
        ("https://[::1", ""),
    ],
)
def test_address_is_normalised(given: str, expected: str) -> None:
    assert normal(given) == expected
    assert normal(expected) == expected


def test_trailing_slash_is_the_same_page() -> None:
    assert page_key(f"{HOST}/a/?x=1") == page_key(f"{HOST}/a?x=1") != page_key(f"{HOST}/a?x=2")


@pytest.mark.parametrize(
    ("start", "inside", "outside"),
    [
        ("/", ["/", "/a", "/a/b.html", "/?x=1"], ["/logo.png", "/a.pdf"]),
        ("/help", ["/help", "/help/", "/help/a"], ["/", "/helpful", "/blog/"]),
        ("/help/", ["/help", "/help/a"], ["/", "/helpful"]),
        ("/docs/index.html", ["/docs/", "/docs/a.html"], ["/", "/other/"]),
    ],
)
def test_scope_is_the_folder_of_the_start_page(
    start: str, inside: list[str], outside: list[str]
) -> None:
    scope = Scope.of(HOST + start)
    assert [path for path in inside if not scope.contains(HOST + path)] == []
    assert [path for path in outside if scope.contains(HOST + path)] == []
    for other in ("http://example.com", "https://www.example.com", "https://example.com:8443"):
        assert not scope.contains(f"{other}/help/a")


@pytest.mark.parametrize(
    ("asked", "final", "folder"),
    [
        ("http://example.com/", "https://www.example.com/", "/"),
        ("https://example.com/", "https://example.com/home", "/"),
        ("https://example.com/help/", "https://example.com/help/start", "/help/"),
        ("https://example.com/old", "https://example.com/new/", "/new/"),
        ("https://example.com/", "https://example.com/en/", "/"),
    ],
)
def test_redirect_within_the_folder_keeps_the_scope(asked: str, final: str, folder: str) -> None:
    scope = Scope.after_redirect(asked, final)
    assert scope.folder == folder
    assert scope.contains(final)


@pytest.mark.parametrize(
    ("written", "addresses"),
    [
        ("<loc>https://a.example/</loc>", ["https://a.example/"]),
        ("<loc>\n  https://a.example/?x=1&amp;y=2\n </loc>", ["https://a.example/?x=1&y=2"]),
        ("<loc><![CDATA[https://a.example/b]]></loc>", ["https://a.example/b"]),
        ("<loc>\n<![CDATA[ https://a.example/?x&y ]]>\n</loc>", ["https://a.example/?x&y"]),
        ("<loc>a</loc><lastmod>2026</lastmod><loc>b</loc>", ["a", "b"]),
        ("<loc>a<loc>b</loc>", ["b"]),
        ("<loc>/a</loc><loc>//b.example/</loc>", [f"{HOST}/a", "https://b.example/"]),
        ("<ns0:loc>a</ns0:loc><loc lang='en'>b</loc><image:loc>c</image:loc>", ["a", "b"]),
        ("<loc></loc><loc> </loc><loc>" + "x" * 2_001 + "</loc>", []),
        ("<loc>/a", []),
        ("<loc>" + " " * 5_000 + "<", []),
    ],
)
def test_addresses_of_a_sitemap_are_read(written: str, addresses: list[str]) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be"):
        for start, is_index in (("", False), ("<sitemapindex>", True), ("<a:sitemapindex>", True)):
            body = f"{start}{written}".encode(encoding)
            assert sitemap_addresses(body, f"{HOST}/maps/1.xml") == (addresses, is_index)


def test_text_is_a_sitemap() -> None:
    body = b"https://a.example/\r\n  https://b.example/ \n\nNot an address\n"
    found = sitemap_addresses(body, f"{HOST}/sitemap.txt")
    assert found == (["https://a.example/", "https://b.example/"], False)

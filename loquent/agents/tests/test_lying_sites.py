"""Sites that lie about addresses, types, sizes and other pages: a sync ends, and reads the rest."""

import gzip
from typing import Any

import pytest

from loquent.agents.tests.site import HTML, TEXT, Site, page
from loquent.agents.tests.sources import Sources

pytestmark = pytest.mark.django_db(transaction=True)
XML = {"Content-Type": "application/xml"}
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]><urlset><url><loc>&a11;</loc></url></urlset>"
)
SITEMAPS: list[bytes] = [
    BOMB,
    b'<!DOCTYPE u [<!ENTITY f SYSTEM "file:///etc/passwd">]><urlset><url><loc>&f;</loc></url>'
    b"</urlset>",
    b"<urlset>" + b"<url><loc>javascript:alert(1)</loc></url>" * 3 + b"<url><loc>"
    b"https://169.254.169.254/latest/</loc></url><url><loc>http://[</loc></url></urlset>",
    b"<html><body>Not found</body></html>",
    b"<sitemapindex><sitemap><loc>/sitemap.xml</loc></sitemap></sitemapindex>",
    b"\x00\xff" * 500,
    b"",
]


@pytest.mark.parametrize("number", range(len(SITEMAPS)))
def test_sitemap_that_lies_costs_no_page(sources: Sources, site: Site, number: int) -> None:
    site.fill(3)
    root = site.root.encode()
    body = SITEMAPS[number].replace(b"<loc>/", b"<loc>" + root + b"/")
    site.pages["/sitemap.xml"] = 200, XML, body
    found = sources.add(f"{site.root}/")
    assert (found["status"], found["pages"]) == ("ready", 4)
    assert all(path in site.pages or path == "/robots.txt" for path in site.asked)


LIES: dict[str, Any] = {
    "/loop-a": (302, {"Location": "/loop-b"}, b""),
    "/loop-b": (302, {"Location": "/loop-a"}, b""),
    "/self": (302, {"Location": "/self"}, b""),
    "/inside": (302, {"Location": "http://169.254.169.254/latest/"}, b""),
    "/file": (302, {"Location": "file:///etc/passwd"}, b""),
    "/password": (302, {"Location": "https://shop:hidden@192.0.2.1/"}, b""),
    "/only-password": (301, {"Location": "//:hidden@127.0.0.1/"}, b""),
    "/nowhere": (302, {"Location": "http://["}, b""),
    "/pdf": (200, HTML, b"%PDF-1.7 " + b"\x00\x01\x02" * 400),
    "/image": (200, HTML, b"\x89PNG\r\n\x1a\n" + b"\x00\xff" * 400),
    "/rtf": (200, HTML, b"\xef\xbb\xbf{\\rtf1 An old document" + b"x" * 400 + b"}"),
    "/bomb": (200, {**HTML, "Content-Encoding": "gzip"}, gzip.compress(b"<p>" * 9_000_000)),
    "/parts": (
        200,
        {**HTML, "Content-Encoding": "gzip"},
        gzip.compress(b"<main><p>The beginning.") + gzip.compress(TEXT.encode()),
    ),
    "/not-gzip": (200, {**HTML, "Content-Encoding": "gzip"}, b"<p>plain</p>"),
    "/brotli": (200, {**HTML, "Content-Encoding": "br"}, b"<p>plain</p>"),
    "/half": (200, {**HTML, "Content-Length": "9000"}, b"<p>Half of a"),
    "/zip": (200, HTML, b"PK\x03\x04\x14\x00\x00\x00" + b"x" * 400),
    "/empty": (200, HTML, b""),
    "/status": (999, HTML, b"<p>No</p>"),
    "/no-content": (204, HTML, b""),
}


@pytest.mark.costly
def test_pages_that_lie_are_reported_and_the_others_are_read(sources: Sources, site: Site) -> None:
    site.fill(3)
    site.pages |= LIES
    site.sitemap("/", "/topic-0", "/topic-1", "/topic-2", *LIES)
    found = sources.add(f"{site.root}/")
    assert found["status"] == "ready"
    report = sources.report()
    read = {path for path, (state, _) in report.items() if state == "added"}
    assert {"", "topic-0", "topic-1", "topic-2"} <= read
    assert not {path.removeprefix("/") for path in LIES} & read
    for path in LIES:
        state, reason = report[path.removeprefix("/")]
        assert (state, bool(reason)) in {("skipped", True), ("failed", True), ("removed", True)}
    assert "hidden" not in str(report)
    # No loop is followed for long.
    assert max(site.asked.count(path) for path in LIES) <= 6


def test_text_in_another_encoding_is_read(sources: Sources, site: Site) -> None:
    site.fill(1)
    text = f"<html><body><h1>Wide</h1><p>{TEXT}</p></body></html>"
    site.pages["/bom"] = 200, HTML, text.encode("utf-16")
    site.pages["/named"] = (
        200, {"Content-Type": "text/html; charset=utf-16-le"},
        text.replace("Wide", "Narrow").replace("tents", "boats").encode("utf-16-le"),
    )  # fmt: skip
    site.sitemap("/", "/topic-0", "/bom", "/named")
    sources.add(f"{site.root}/")
    assert {"Wide", "Narrow"} <= set(sources.texts())


def test_page_that_names_another_as_its_original_is_read(sources: Sources, site: Site) -> None:
    site.fill(3)
    for number, canonical in enumerate(("/", "https://evil.test/", "//evil.test/topic")):
        site.pages[f"/topic-{number}"] = page(
            f"{TEXT} Number {number}.", title=f"T{number}",
            head=f'<link rel="canonical" href="{canonical}">',
        )  # fmt: skip
    sources.add(f"{site.root}/")
    assert {f"T{number}" for number in range(3)} <= set(sources.texts())


@pytest.mark.costly
@pytest.mark.parametrize("canonical", ["/a?x=2", "/a"])
def test_variant_of_a_page_that_cannot_be_read_is_read(
    sources: Sources, site: Site, canonical: str
) -> None:
    site.pages = {"/": page(TEXT, title="Start", links=(canonical, "/b", "/a?x=1"))}
    for path, other in (("/a?x=1", canonical), ("/a?x=2", "/a?x=1")):
        head = f'<link rel="canonical" href="{other}">'
        site.pages[path] = page(f"{TEXT} A.", title="A", head=head)
    sources.add(f"{site.root}/")
    assert set(sources.texts()) == {"Start", "A"}


@pytest.mark.costly
def test_endless_variants_of_a_page_are_bounded(
    sources: Sources, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loquent.agents.crawling.crawl.MAX_VARIANTS", 5)
    site.fill(1)
    for day in range(15):
        site.pages[f"/calendar?day={day}"] = page(
            f"{TEXT} On day {day} nothing happens.", title=f"Day {day}",
            links=(f"/calendar?day={day + 1}",),
        )  # fmt: skip
    site.pages["/"] = page(TEXT, title="Start", links=("/topic-0", "/calendar?day=0"))
    site.pages.pop("/sitemap.xml")
    found = sources.add(f"{site.root}/")
    assert found["status"] == "ready"
    assert sum("calendar" in path for path in site.asked) == 5
    assert "topic-0" in sources.report()


@pytest.mark.costly
@pytest.mark.parametrize(
    ("agent", "encoding"),
    [("*", "utf-8-sig"), ("LoquentBot", "utf-16"), ("loquentbot/1.0", "utf-16-be")],
)
def test_rules_in_any_encoding_are_obeyed(
    sources: Sources, site: Site, agent: str, encoding: str
) -> None:
    site.fill(2)
    rules = f"User-agent: {agent}\nDisallow: /topic-1\n".encode(encoding)
    site.pages["/robots.txt"] = 200, {"Content-Type": "text/plain"}, rules
    assert sources.add(f"{site.root}/")["pages"] == 2
    assert "/topic-1" not in site.asked

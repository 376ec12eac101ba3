"""A file is read in the encoding that it states, or in the one that a person chose from samples."""

import codecs
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from loquent.agents.importing.encodings import ENCODINGS, NAMES
from loquent.agents.importing.files import read_file
from loquent.agents.models import TextAgent
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent

SWEDISH = "Paketen når Göteborg på två dagar"
TEXTS = {
    "windows-1252": f"{SWEDISH} – “5 €”",
    "iso-8859-15": "Cœur à 5 €",
    "macintosh": "Größe für œuvre",
    "cp850": "Größe für zwölf",
    "windows-1250": "Zażółć gęślą jaźń",
    "iso-8859-2": "Příliš žluťoučký kůň",
    "cp852": "Příliš žluťoučký kůň",
    "windows-1251": "Доставка за два дня",
    "koi8-u": "Доставка за два дні",
    "iso-8859-5": "Доставка за два дня",
    "x-mac-cyrillic": "Доставка за два дня",
    "ibm866": "Доставка за два дня",
    "windows-1253": "Παράδοση σε δύο ημέρες",
    "windows-1254": "Kargo iki günde ulaşır",
    "windows-1255": "משלוח תוך יומיים",
    "windows-1256": "التوصيل خلال يومين",
    "windows-1257": "Siunta pristatoma per dvi dienas ąčęėįšųū",
    "windows-1258": "Đươ\u0300ng",
    "windows-874": "จัดส่งภายในสองวัน",
    "shift_jis": "返品は三十日以内です。①",
    "euc-jp": "返品は三十日以内です。",
    "iso-2022-jp": "返品は三十日以内です。",
    "gb18030": "两天内送达。联通",
    "big5": "兩天內送達。",
    "euc-kr": "이틀 안에 배송됩니다. 똠",
    "utf-16le": "Grüße in zwei Tagen",
    "utf-16be": "返品は三十日以内です。",
}
STATED = {
    "utf-8": f"{SWEDISH} – “5 €” 返品".encode(),
    "utf-8-sig": f"{SWEDISH} – “5 €” 返品".encode("utf-8-sig"),
    "utf-16": f"{SWEDISH} – “5 €” 返品".encode("utf-16"),
    "utf-16-be": codecs.BOM_UTF16_BE + f"{SWEDISH} – “5 €” 返品".encode("utf-16-be"),
    "utf-32": f"{SWEDISH} – “5 €” 返品".encode("utf-32"),
}


@pytest.mark.parametrize("encoding", STATED)
def test_unicode_files_are_read_without_a_question(encoding: str) -> None:
    reading = read_file(name="text.txt", data=STATED[encoding])
    assert [draft.content for draft in reading.drafts] == [f"{SWEDISH} – “5 €” 返品"]
    assert reading.choices == []


@pytest.mark.parametrize(("name", "codec"), [(name, codec) for name, codec, _ in ENCODINGS])
def test_other_files_are_read_as_chosen_and_never_before(name: str, codec: str) -> None:
    data = TEXTS[name].encode(codec)
    asked = read_file(name="text.txt", data=data)
    assert asked.drafts == []
    [why] = asked.skipped
    assert "Choose the text encoding, or save the file as UTF-8." in why.why
    right = [choice for choice in asked.choices if choice.sample == TEXTS[name]]
    assert len(right) == 1, asked.choices
    for encoding in {name, right[0].encoding}:
        [draft] = read_file(name="text.txt", data=data, encoding=encoding).drafts
        assert draft.content == TEXTS[name]
    assert len({choice.sample for choice in asked.choices}) == len(asked.choices)


def test_choice_does_not_override_what_the_file_states() -> None:
    for data in STATED.values():
        [draft] = read_file(name="text.txt", data=data, encoding="windows-1252").drafts
        assert draft.content == f"{SWEDISH} – “5 €” 返品"


def test_sample_shows_the_line_that_is_not_utf_8() -> None:
    lines = [f"Line {number}: ä".encode() for number in range(1, 41)]
    lines[29] = b"Only here: \xe5"
    asked = read_file(name="mixed.txt", data=b"\n".join(lines))
    assert asked.drafts == []
    assert asked.skipped[0].why.startswith("Line 30 is not UTF-8 text.")
    western = next(choice for choice in asked.choices if choice.encoding == "windows-1252")
    assert "Only here: å" in western.sample.splitlines()
    assert "Line 1: Ã¤" in western.sample.splitlines()
    assert "Line 40: Ã¤" in western.sample.splitlines()


def test_sample_of_long_lines_is_short() -> None:
    data = (b"x" * 5_000 + b"\xe5" + b"y" * 5_000 + b"\n") * 100
    asked = read_file(name="long.txt", data=data)
    assert asked.choices
    for choice in asked.choices:
        assert len(choice.sample) < 1_000
    assert any("xå" in choice.sample for choice in asked.choices)


@pytest.mark.parametrize(
    ("declaration", "codec"),
    [
        ("<meta charset=windows-1251>", "cp1251"),
        ("<META CHARSET='Windows-1251'>", "cp1251"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8_r"),
        ("<?xml version='1.0' encoding='windows-1251'?>", "cp1251"),
        ("<meta charset=utf-8>", "utf_8"),
        ("<meta charset=windows-1251>", "utf_8"),
    ],
)
def test_page_is_read_as_it_declares(declaration: str, codec: str) -> None:
    page = f"{declaration}<html><body><p>Доставка за два дня</p></body></html>"
    [draft] = read_file(name="page.html", data=page.encode(codec)).drafts
    assert draft.content == "Доставка за два дня"
    if codec != "utf_8":
        assert read_file(name="page.txt", data=page.encode(codec)).drafts == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"Hello\x00 world, nine to six", "text encoding can't be read"),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00" + bytes(range(256)), "can't be read"),
        (bytes(range(256)) * 40, "text encoding can't be read"),
        (codecs.BOM_UTF8 + b"caf\xe9", "begins as UTF-8, but is not valid UTF-8"),
        (codecs.BOM_UTF16_LE + b"a\x00b", "begins as UTF-16, but is not valid UTF-16"),
        (codecs.BOM_UTF16_LE + b"a\x00\x00\xd8", "begins as UTF-16"),
    ],
)
def test_file_that_is_not_text_is_refused(data: bytes, why: str) -> None:
    for encoding in (None, "windows-1252"):
        reading = read_file(name="file.txt", data=data, encoding=encoding)
        assert (reading.drafts, reading.choices) == ([], [])
        assert why in reading.skipped[0].why


def test_encoding_that_does_not_fit_is_refused_with_the_others_offered() -> None:
    data = "Доставка за два дня".encode("cp1251")
    reading = read_file(name="file.txt", data=data, encoding="utf-16le")
    assert reading.drafts == []
    assert reading.skipped[0].why.startswith("It is not valid text in the encoding utf-16le.")
    assert "windows-1251" in [choice.encoding for choice in reading.choices]


@pytest.fixture
def send(client: Client, alice: User, agent: TextAgent) -> Callable[..., Any]:
    client.force_login(alice)

    def post(name: str, data: bytes, **fields: str) -> Any:
        path = f"/admin/agents/textagent/{agent.id}/knowledge/import/"
        return client.post(path, {"file": SimpleUploadedFile(name, data), **fields})

    return post


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme, knowledge=[])


def test_table_of_excel_is_added_after_the_choice(
    send: Callable[..., Any], agent: TextAgent
) -> None:
    data = f"title;text\r\nFrakt;{SWEDISH}\r\n".encode("cp1252")
    report = send("faq.csv", data).json()
    assert report["added"] == agent.knowledge.count() == 0
    assert report["skipped"] == [
        {
            "what": "faq.csv",
            "why": "Line 2 is not UTF-8 text. Choose the text encoding, or save the file as UTF-8.",
        }
    ]
    assert report["encodings"][0] == {
        "encoding": "windows-1252",
        "label": "Western European (Windows)",
        "sample": f"Frakt;{SWEDISH}",
    }
    report = send("faq.csv", data, encoding="CP1252").json()
    assert (report["added"], report["encodings"]) == (1, [])
    entry = agent.knowledge.get()
    assert (entry.title, entry.content) == ("Frakt", SWEDISH)


@pytest.mark.parametrize("encoding", ["rot13", "zlib", "utf-7", "x" * 500, "\u00e5"])
def test_unknown_encoding_is_named(
    send: Callable[..., Any], agent: TextAgent, encoding: str
) -> None:
    response = send("a.txt", b"Hello", encoding=encoding)
    assert response.status_code == 400
    [sentence] = response.json()["fields"]["encoding"]
    assert all(name in sentence for name in NAMES)
    assert agent.knowledge.count() == 0

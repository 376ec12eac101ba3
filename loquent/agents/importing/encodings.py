"""The text encoding of a file: stated by the file, or chosen by a person. Never guessed. Pure."""

import codecs
import re

from loquent.agents.importing.reading import Choice

# Name, Python's codec, and what people call it. The order is that of the list from which they
# choose; of encodings that read a file alike, the first one is offered.
ENCODINGS = (
    ("windows-1252", "cp1252", "Western European (Windows)"),
    ("iso-8859-15", "iso8859_15", "Western European (ISO)"),
    ("macintosh", "mac_roman", "Western European (Mac)"),
    ("cp850", "cp850", "Western European (DOS)"),
    ("windows-1250", "cp1250", "Central European (Windows)"),
    ("iso-8859-2", "iso8859_2", "Central European (ISO)"),
    ("cp852", "cp852", "Central European (DOS)"),
    ("windows-1251", "cp1251", "Cyrillic (Windows)"),
    ("koi8-u", "koi8_u", "Cyrillic (KOI8)"),
    ("iso-8859-5", "iso8859_5", "Cyrillic (ISO)"),
    ("x-mac-cyrillic", "mac_cyrillic", "Cyrillic (Mac)"),
    ("ibm866", "cp866", "Cyrillic (DOS)"),
    ("windows-1253", "cp1253", "Greek (Windows)"),
    ("windows-1254", "cp1254", "Turkish (Windows)"),
    ("windows-1255", "cp1255", "Hebrew (Windows)"),
    ("windows-1256", "cp1256", "Arabic (Windows)"),
    ("windows-1257", "cp1257", "Baltic (Windows)"),
    ("windows-1258", "cp1258", "Vietnamese (Windows)"),
    ("windows-874", "cp874", "Thai (Windows)"),
    ("shift_jis", "cp932", "Japanese (Shift JIS)"),
    ("euc-jp", "euc_jp", "Japanese (EUC)"),
    ("iso-2022-jp", "iso2022_jp_2", "Japanese (ISO-2022-JP)"),
    ("gb18030", "gb18030", "Chinese, simplified (GB18030)"),
    ("big5", "big5hkscs", "Chinese, traditional (Big5)"),
    ("euc-kr", "cp949", "Korean (EUC-KR)"),
    ("utf-16le", "utf_16_le", "Unicode (UTF-16, little-endian)"),
    ("utf-16be", "utf_16_be", "Unicode (UTF-16, big-endian)"),
)
NAMES = tuple(name for name, _, _ in ENCODINGS)
_CODECS = {name: codec for name, codec, _ in ENCODINGS}
# As browsers read the names in web pages: https://encoding.spec.whatwg.org/#names-and-labels
_LABELS = {
    "ascii": "windows-1252", "us-ascii": "windows-1252", "iso-8859-1": "windows-1252",
    "latin1": "windows-1252", "cp1252": "windows-1252", "x-mac-roman": "macintosh",
    "cp1250": "windows-1250", "cp1251": "windows-1251", "koi8-r": "koi8-u", "cp866": "ibm866",
    "iso-8859-9": "windows-1254", "tis-620": "windows-874", "iso-8859-11": "windows-874",
    "shift-jis": "shift_jis", "sjis": "shift_jis", "windows-31j": "shift_jis",
    "gb2312": "gb18030", "gbk": "gb18030", "big5-hkscs": "big5", "cp949": "euc-kr",
    "ks_c_5601-1987": "euc-kr", "utf-16": "utf-16le",
}  # fmt: skip
# The longer mark is first, because it starts with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf_8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf_32_le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf_32_be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf_16_le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf_16_be", "UTF-16"),
)
# Where browsers look for the encoding of a page.
_HEAD_BYTES = 1024
_DECLARED = re.compile(
    rb"""<(?:meta\s[^>]{0,500}?charset|\?xml\s[^>]{0,500}?encoding)\s*=\s*["']?\s*([\w.:-]{1,40})""",
    re.IGNORECASE,
)
# ISO-2022 switches between character sets by escape sequences of plain ASCII.
_SHIFTS = re.compile(rb"\x1b[$(]")
# No text holds them: a reading that does is wrong.
_IMPOSSIBLE = re.compile(
    "[\x00-\x08\x0e-\x19\x1b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ue000-\uf8ff]"
)
_FOREIGN = re.compile(r"[^\x00-\x7f]")
SAMPLE_LINES = 5
SAMPLE_CHARACTERS = 160


class UnstatedError(Exception):
    """The file doesn't say how it is encoded; `choices` are its possible readings."""

    def __init__(self, why: str, choices: list[Choice]) -> None:
        super().__init__(why)
        self.choices = choices


def known_name(label: str) -> str | None:
    """Return the name in ENCODINGS for a label; None for an unknown label."""
    label = label.strip().lower()
    label = _LABELS.get(label, label)
    return label if label in _CODECS else None


def decode(data: bytes, *, encoding: str | None = None, is_page: bool = False) -> str:
    """Return the text of a file.

    A byte order mark, valid UTF-8, and in a web page the declared charset are trusted, in
    this order. Any other file is read as `encoding`, one of NAMES. Raises UnstatedError, with a
    sentence and possible readings, if the text can't be known.
    """
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            text = _read(data[len(mark) :], codec)
            if text is None:
                raise UnstatedError(f"It begins as {name}, but is not valid {name}.", [])
            return text
    try:
        utf_8 = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = f"Line {line} is not UTF-8 text."
    else:
        if "\0" not in utf_8 and _SHIFTS.search(data) is None:
            return utf_8
        line, problem = 1, "It contains characters that are not text."
    declared = _DECLARED.search(data[:_HEAD_BYTES]) if is_page else None
    for stated in (known_name(declared[1].decode()) if declared else None, encoding):
        text = _read(data, _CODECS[stated]) if stated else None
        if text is not None:
            return text
    if encoding:
        problem = f"It is not valid text in the encoding {encoding}."
    choices = _choices(data, line)
    if choices:
        raise UnstatedError(
            f"{problem} Choose the text encoding, or save the file as UTF-8.", choices
        )
    raise UnstatedError("The file's text encoding can't be read. Save it as UTF-8.", [])


def _read(data: bytes, codec: str) -> str | None:
    """Return the text; None if the bytes are no text in this encoding."""
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return None
    return None if _IMPOSSIBLE.search(text) else text


def _choices(data: bytes, line: int) -> list[Choice]:
    """Return the readings that differ, each with a sample around what is not ASCII."""
    found: list[Choice] = []
    seen: set[int] = set()
    for name, codec, label in ENCODINGS:
        text = _read(data, codec)
        if text is not None and hash(text) not in seen:
            seen.add(hash(text))
            found.append(Choice(name, label, _sample(text, line)))
    return found


def _sample(text: str, line: int) -> str:
    """Return the lines that show whether a reading is right: `line`, and others beyond ASCII."""
    lines = text.splitlines()
    telling = [at for at, content in enumerate(lines) if _FOREIGN.search(content)]
    last = telling[-1:] if len(telling) > SAMPLE_LINES else []
    wanted = [line - 1, *telling[: SAMPLE_LINES - 1 - len(last)], *last]
    return "\n".join(_excerpt(lines[at]) for at in sorted(set(wanted)) if at < len(lines))


def _excerpt(content: str) -> str:
    """Return the part of a line around its first character beyond ASCII."""
    found = _FOREIGN.search(content)
    start = max(found.start() - SAMPLE_CHARACTERS // 2, 0) if found else 0
    part = content[start : start + SAMPLE_CHARACTERS]
    before, after = "…" * bool(start), "…" * (start + SAMPLE_CHARACTERS < len(content))
    return f"{before}{part}{after}"

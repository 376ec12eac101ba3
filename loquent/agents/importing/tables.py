"""CSV: a row is an entry. Pure."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from loquent.agents.importing.reading import MAX_ENTRIES, Draft, Reading
from loquent.text import normalize_unicode, strip_invisible

# In the languages of the widget, as people name the columns of their questions.
TITLES = re.compile(
    "title|question|q|name|subject|heading|topic|titles|questions|titel|frage|fragen|thema|"
    "titre|sujet|pregunta|preguntas|título|titulo|domanda|titolo|pergunta|perguntas|"
    "vraag|onderwerp|fråga|rubrik|spørgsmål|spørsmål|tittel|kysymys|otsikko|pytanie|"
    "tytuł|otázka|název|întrebare|titlu|ερώτηση|τίτλος|вопрос|заголовок|тема|питання|"
    "назва|soru|başlık|سؤال|السؤال|عنوان|العنوان|پرسش|سوال|שאלה|כותרת|प्रश्न|शीर्षक|"
    "pertanyaan|judul|質問|タイトル|問題|標題|问题|标题|질문|제목|câu hỏi|tiêu đề"
)
CONTENTS = re.compile(
    "content|answer|a|text|body|description|contents|answers|texts|reply|inhalt|antwort|"
    "antworten|réponse|réponses|texte|contenu|respuesta|respuestas|texto|contenido|"
    "risposta|testo|contenuto|resposta|respostas|conteúdo|antwoord|tekst|inhoud|svar|"
    "innehåll|indhold|innhold|vastaus|sisältö|odpowiedź|treść|odpověď|obsah|răspuns|"
    "conținut|απάντηση|κείμενο|ответ|текст|содержание|відповідь|cevap|yanıt|metin|içerik|"
    "جواب|الجواب|إجابة|الإجابة|نص|پاسخ|متن|תשובה|תוכן|उत्तर|jawaban|isi|回答|答案|答え|内容|內容|"
    "正文|답변|내용|câu trả lời|trả lời|nội dung"
)
URLS = re.compile("url|link|source|address|page")
DELIMITERS = ",;\t|"
LONGER = (
    "It has more cells than the first row. Put texts that contain the delimiter in double quotes."
)
TWO_COLUMNS = "A table needs two columns: titles (or questions), and texts (or answers)."
ABOVE = "It is above the column names."
UNCLOSED = "Its double quote is not closed, so it is unclear where the next row begins."
MAX_ROWS = 5_000
# A cell may be as long as a file: `Reading` tells which text is too long.
csv.field_size_limit(64 * 1024 * 1024)
# A last row of its own, unless a quote before it is open. No text has this character.
_LAST = "\0"
# Excel exports a text that looks like a number so: `="0012"`.
_FORCED = re.compile(r'="([^"]*)"')
# The line that specifies the delimiter for Excel.
_STATED = re.compile(r"\s*\"?sep=([^\n])\"?[ \t]*(?:\n|\Z)", re.IGNORECASE)
# What people add to a column's name: `faq_question`, `Answer text`, `Frage (DE)`, `Answer_1`.
_DECORATION = re.compile(r"^faq[ _-]*|[ _-]+(?:text|\d+|[a-z]{2})$|\s*[(\[].*[)\]]$")
LONGEST_NAME = 60
# A space behind the delimiter hides the quote after it.
_SPACED_QUOTE = r'^"[^"\n]*"{0} +"'
# The line below the column names of a Markdown table, which also has empty outer cells.
_RULE = " \t-:="
# This many rows are used to detect the delimiter.
ROWS_LOOKED_AT = 50
# The column names are in one of these rows: above them, there may be the table's title.
ROWS_ABOVE = 10


def read_table(text: str, *, name: str, most: int = MAX_ENTRIES) -> Reading:
    """Return the rows of a table, each with a title, a text and, if there is one, a link.

    The columns are found by their names, in one of the first rows; without such names the first
    column is the title, the second the text, and the third, if it contains addresses, the link.
    """
    reading = Reading(most=most)
    try:
        stated = _STATED.match(text)
        text = text[stated.end() :] if stated else text
        delimiter = stated[1] if stated else _delimiter(text)
        rows = list(_rows(f"{text}\n{_LAST}", delimiter))
    except csv.Error:
        reading.skip(name, "The file can't be read as CSV.")
        return reading
    is_open = rows.pop() != [_LAST]
    rows = [row for row in rows if any(cell.strip(_RULE) for cell in row)]
    if is_open:
        reading.skip(f"{name}, row {len(rows) + 1}", UNCLOSED)
    elif not rows:
        reading.skip(name, "It is empty.")
        return reading
    start, columns = _head(rows)
    title, content, url = columns or ((1, 2, 3) if _is_numbered(rows) else (0, 1, 2))
    for number, row in enumerate(rows[: max(start - 1, 0)], 1):
        if _filled(row) > 1:
            reading.skip(f"{name}, row {number}", ABOVE)
    if len(rows) == start:
        if not is_open:
            reading.skip(name, "It has no rows below the first one.")
        return reading
    if max(len(row) for row in rows) < 2:
        reading.skip(name, TWO_COLUMNS)
        return reading
    for number, row in enumerate(rows[start:MAX_ROWS], start + 1):
        if columns and any(cell.strip() for cell in row[len(rows[start - 1]) :]):
            reading.skip(f"{name}, row {number}", LONGER)
            continue
        link = _cell(row, url)
        reading.add(
            Draft(
                _cell(row, title) or f"{name}, row {number}",
                _cell(row, content),
                link if link.startswith(("http://", "https://")) else "",
            ),
            what=f"{name}, row {number}",
        )
    if len(rows) > MAX_ROWS:
        reading.skip(name, f"Rows after the first {MAX_ROWS:,} were skipped.")
    return reading


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    is_spaced = re.search(_SPACED_QUOTE.format(re.escape(delimiter)), text, re.MULTILINE)
    return csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=bool(is_spaced)
    )


def _delimiter(text: str) -> str:
    """Return the delimiter that a table uses.

    It is the one that finds the known names in one of the first rows. Without such names it is the
    one that gives the most rows the number of columns of the first row that has several; of several
    such, the one least often followed by a space, as punctuation is.
    """

    def fit(delimiter: str) -> tuple[bool, float, int]:
        rows = list(islice(_rows(text, delimiter), ROWS_LOOKED_AT))
        rows = [row for row in rows if any(cell.strip() for cell in row)] or [[]]
        width = next((len(row) for row in rows if _filled(row) > 1), 1)
        alike = sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0
        spaced = sum(cell.startswith(" ") for row in rows for cell in row[1:])
        return _head(rows)[1] is not None, alike, -spaced

    return max(DELIMITERS, key=fit)


def _head(rows: list[list[str]]) -> tuple[int, tuple[int, int, int] | None]:
    """Return where the rows below the column names begin, and the columns; 0 and None if none."""
    for number, row in enumerate(rows[:ROWS_ABOVE], 1):
        if columns := find_columns(row):
            return number, columns
    return 0, None


def _is_numbered(rows: list[list[str]]) -> bool:
    """Return whether the first column only counts the rows."""
    return all(len(row) > 2 and row[0].strip(" .)").isdecimal() for row in rows)


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def find_columns(head: list[str]) -> tuple[int, int, int] | None:
    """Return the columns of title, text and link by name; None if the row has no such names.

    The column of the link is -1 if there is none.
    """
    names = [normalize_unicode("NFC", strip_invisible(cell).lower().rstrip(" :*")) for cell in head]
    names = [_DECORATION.sub("", name) if len(name) < LONGEST_NAME else "" for name in names]

    def place(wanted: re.Pattern[str]) -> int:
        return next((at for at, name in enumerate(names) if wanted.fullmatch(name)), -1)

    title, content = place(TITLES), place(CONTENTS)
    return None if title < 0 or content < 0 else (title, content, place(URLS))


def _cell(row: list[str], at: int) -> str:
    cell = strip_invisible(row[at]) if 0 <= at < len(row) else ""
    forced = _FORCED.fullmatch(cell)
    return forced[1] if forced else cell

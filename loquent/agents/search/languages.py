"""Recognise the language of a text by its script and its function words. Pure."""

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

from loquent.text import normalize_unicode

# The beginning of a text identifies its language as reliably as all of it.
READ_CHARS = 20_000
# Single letters are words of too many languages.
_WORD = re.compile(r"[^\W\d_]{2,}")
# The first script with this share of the letters decides.
_SCRIPT_SHARE = 0.3
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
# Most texts have none of them, and are not searched for each.
_OTHER_SCRIPTS = re.compile("|".join(script.pattern for _, script in _SCRIPTS))
_LETTERS = re.compile(r"[^\W\d_]")
_HAN = re.compile("[\u4e00-\u9fff]")
_TRADITIONAL = re.compile("[們這個說會時對學國與為來貨開關發當還過們員單點]")
_PERSIAN = re.compile("[پچژگک]|ی")
_UKRAINIAN = re.compile("[іїєґ]")
LANGUAGE_NAMES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean",
    "nb": "Norwegian", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "vi": "Vietnamese", "zh": "Chinese", "zh-TW": "Traditional Chinese",
}  # fmt: skip
# Letters of only one language (among those that are distinguished by their words).
_OWN_LETTERS = {
    "de": "ß", "pl": "łąęśźż", "cs": "ěřů", "tr": "ığş", "ro": "țșă", "es": "ñ¿¡", "pt": "ãõ",
    "vi": "đơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
}  # fmt: skip
_OWNERS = {letter: language for language, own in _OWN_LETTERS.items() for letter in own}
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LATIN_MARGIN = 1.25
# The words that surround a question in any conversation.
_AROUND = Path(__file__).with_name("around.json")
# People greet in more languages than lists say.
_GREETINGS = frozenset({"hallo", "hoi", "dag", "hei", "hej", "ahoj"})
# Other names of languages, as browsers send them.
_SAME = {"iw": "he", "in": "id", "no": "nb", "nn": "nb", "zh-hk": "zh-TW", "zh-mo": "zh-TW"}


@cache
def function_words() -> dict[str, frozenset[str]]:
    """Return the words without a subject of their own, lower-case, per language."""
    lists = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    return {language: frozenset(words.split()) for language, words in lists.items()}


@cache
def _languages_of_words() -> dict[str, tuple[str, ...]]:
    around: dict[str, str] = json.loads(_AROUND.read_text("utf-8"))
    found: dict[str, list[str]] = {}
    for language, words in function_words().items():
        # A short question has few function words: "Quiero devolver la mochila".
        for word in words | (set(around.get(language, "").split()) - _GREETINGS):
            found.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in found.items()}


def known_language(tag: str) -> str:
    """Return the code of a language that a BCP 47 tag such as "de-CH" names; "" if unknown."""
    tag = tag.lower()
    if tag in _SAME:
        return _SAME[tag]
    if tag.startswith(("zh-tw", "zh-hant")):
        return "zh-TW"
    if tag == "pt-br":
        return "pt-BR"
    main = tag.partition("-")[0]
    main = _SAME.get(main, main)
    return main if main in LANGUAGE_NAMES else ""


def detect_language(text: str) -> str:
    """Return the language of a text as a code such as "de" or "zh-TW"; "" if it is not sure."""
    text = normalize_unicode("NFKC", text[:READ_CHARS]).casefold()
    if text.isascii() or _OTHER_SCRIPTS.search(text) is None:
        return _by_words(text) if _LETTERS.search(text) else ""
    letters = len(_LETTERS.findall(text))
    if not letters:
        return ""
    for language, script in _SCRIPTS:
        share = len(script.findall(text)) / letters
        # Japanese mixes its own letters with Chinese ones.
        if share > (0.1 if language == "ja" else _SCRIPT_SHARE):
            return _of_script(language, text)
    return _by_words(text)


def _of_script(language: str, text: str) -> str:
    if language == "zh" and _TRADITIONAL.search(text):
        return "zh-TW"
    if language == "ar" and len(_PERSIAN.findall(text)) * 20 > len(text):
        return "fa"
    if language == "ru" and _UKRAINIAN.search(text):
        return "uk"
    return language


def _by_words(text: str) -> str:
    known = _languages_of_words()
    votes: Counter[str] = Counter()
    for word in _WORD.findall(text):
        languages = known.get(word, ())
        for language in languages:
            # A word that many languages share says little.
            votes[language] += 6 // len(languages) + 1
    for letter in _NOT_ASCII.findall(text):
        if letter in _OWNERS:
            votes[_OWNERS[letter]] += 8
    (best, most), (_, second) = (*votes.most_common(2), ("", 0), ("", 0))[:2]
    return best if most >= 4 and most >= second * _LATIN_MARGIN else ""

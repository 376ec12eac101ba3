"""Removes a model's reasoning from the text of its answer. Pure.

Some endpoints leave the reasoning in the text, between tags such as `<think>` and `</think>`. Many
chat templates write the opening tag themselves, so the answer has only the closing one.
"""

import re
from collections.abc import Callable

TAGS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<reason>", "</reason>"),
    ("<reflection>", "</reflection>"),
    ("<analysis>", "</analysis>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<seed:think>", "</seed:think>"),
    ("<mm:think>", "</mm:think>"),
    ("<antthinking>", "</antthinking>"),
    ("[think]", "[/think]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|start_thinking|>", "<|end_thinking|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    # The channels of gpt-oss and of Gemma.
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("<|channel>thought", "<channel|>"),
)
# Marks that templates write before the answer, which some endpoints leave in the text.
BEGINNINGS = (
    "<answer>",
    "<response>",
    "<solution>",
    "<|begin_of_solution|>",
    "<|start_response|>",
    "<|channel|>final<|message|>",
    "<|start|>assistant",
    "<|im_start|>assistant",
    "<|start_header_id|>assistant<|end_header_id|>",
    "<|assistant|>",
    "<start_of_turn>model",
    "<|begin_of_box|>",
    "<|begin_of_text|>",
    "<bos>",
)
# Text held back for a closing tag that never arrives is released after this many characters.
MAX_HELD = 200_000
# Judging a tag reads all the text before it: an answer of nothing but tags is not worth that.
MAX_TAGS = 20
# Blanks that a model writes into a tag, in one place, and everything else, such as attributes.
_MAX_BLANKS, _MAX_ATTRIBUTES = 3, 200
_LONGEST = max(len(tag) for pair in TAGS for tag in pair) + 3 * _MAX_BLANKS
_STARTS = "<[◁"
_NAMED = re.compile(r"<(/?)([\w:]+)>")


def _pattern(tag: str) -> str:
    named, blanks = _NAMED.fullmatch(tag), rf"\s{{0,{_MAX_BLANKS}}}"
    if named is None:
        return re.escape(tag)
    if named[1]:
        return f"<{blanks}/{blanks}{named[2]}{blanks}>"
    return rf"<{blanks}{named[2]}(?:[\s/][^<>]{{0,{_MAX_ATTRIBUTES}}})?>"


def _any_of(*tags: str) -> re.Pattern[str]:
    return re.compile("|".join(map(_pattern, tags)), re.IGNORECASE)


_PAIRS = tuple((_any_of(opening), _any_of(closing)) for opening, closing in TAGS)
_OPEN = _any_of(*(tag for tag, _ in TAGS))
_CLOSE = _any_of(*(tag for _, tag in TAGS))
_BEGINNING = _any_of(*BEGINNINGS)
_AT_START = (*(tag for tag, _ in TAGS), *BEGINNINGS)
_LONGEST_START = max(map(len, _AT_START)) + 3 * _MAX_BLANKS
_HALF = re.compile(rf"<\s{{0,{_MAX_BLANKS}}}([\w:]+)[\s/][^<>]{{0,{_MAX_ATTRIBUTES}}}")
_QUOTES = "\"'“‘«„`([{"
_SENTENCE_ENDS = ".!?…。！？।؟:;"


class ReasoningFilter:
    """Receives the text in pieces and returns the parts that visitors may see.

    A tag counts if the answer begins with it; a closing tag without an opening one, if it ends the
    reasoning (see `_ends_reasoning`). Tags in code or in the middle of a sentence are text.

    `restarted`: text returned earlier was reasoning, and the answer starts with what `feed` returns
    next; the caller resets it. `began_inside`: this answer began inside the reasoning.
    """

    def __init__(self, *, begins_inside: bool = False) -> None:
        """`begins_inside`: hold everything back until a closing tag, or the end."""
        self.restarted = False
        self.began_inside = False
        self._begins_inside = begins_inside
        self._feed: Callable[[str], str] = self._at_start
        self._close: re.Pattern[str] = _CLOSE
        self._is_settled = False
        self._chances = MAX_TAGS
        self._held = ""
        self._search_from = 0
        self._shown: list[str] = []

    def feed(self, text: str) -> str:
        """Return the part of this piece, and of what was held back, that is answer."""
        return self._feed(text)

    def finish(self) -> str:
        """Return what is held back at the end of the answer and belongs to it."""
        held, self._held = self._held, ""
        if self._feed == self._in_reasoning:
            return ""
        if self._feed == self._before_closing and _CLOSE.search(held, self._search_from):
            return ""
        if self._feed == self._in_answer and (found := _CLOSE.match(held)):
            before = "".join(self._shown)
            if _is_own_line(before) and not is_in_code(before) and not _OPEN.search(before):
                self._restart()
                return held[found.end() :]
        return held

    def _at_start(self, text: str) -> str:
        """Only white space, or complete reasoning, has arrived so far."""
        head = (self._held + text).lstrip()
        for opening, closing in _PAIRS:
            if found := opening.match(head):
                rest = head[found.end() :]
                if found[0].endswith("/>"):
                    return self._after_reasoning(rest)
                self._feed, self._close, self._held = self._in_reasoning, closing, ""
                return self._in_reasoning(rest)
        if found := _BEGINNING.match(head):
            self._held = ""
            return self._at_start(head[found.end() :])
        if _may_become_tag(head):
            self._held = head
            return ""
        self._held = ""
        if self._is_settled:
            self._feed = self._pass
        else:
            self._feed = self._before_closing if self._begins_inside else self._in_answer
        return self._feed(head)

    def _in_reasoning(self, text: str) -> str:
        text = self._held + text
        found = self._close.search(text)
        if found is None:
            self._held = text[-_LONGEST:]
            return ""
        return self._after_reasoning(text[found.end() :])

    def _after_reasoning(self, rest: str) -> str:
        self._held = ""
        self._is_settled = True
        self._feed = self._at_start
        return self._at_start(rest)

    def _before_closing(self, text: str) -> str:
        """Hold everything back: this model's answers begin inside the reasoning."""
        self._held += text
        for found in _CLOSE.finditer(self._held, self._search_from):
            before, after = self._held[: found.start()], self._held[found.end() :]
            self._search_from = found.start()
            if not after.strip():
                return ""  # what follows decides what this tag is
            if _ends_reasoning(before, after):
                self.began_inside = True
                return self._after_reasoning(after)
            self._search_from = found.end()
            self._chances -= 1
        self._search_from = max(self._search_from, len(self._held) - _LONGEST)
        if len(self._held) <= MAX_HELD and self._chances > 0:
            return ""
        self._feed = self._pass
        released, self._held = self._held, ""
        return released

    def _in_answer(self, text: str) -> str:
        if not self._held and "<" not in text and "[" not in text and "◁" not in text:
            self._shown.append(text)  # nearly every piece
            return text
        text = self._held + text
        self._held = ""
        for found in _CLOSE.finditer(text):
            after = text[found.end() :]
            if not after.strip() and len(after) <= MAX_HELD:
                # What follows decides what this tag is.
                return self._keep(text, found.start())
            if _ends_reasoning("".join([*self._shown, text[: found.start()]]), after):
                self._restart()
                return self._after_reasoning(after)
            self._chances -= 1
            if self._chances <= 0:
                self._feed = self._pass
                return text
        return self._keep(text, len(text) - _unfinished_tag(text))

    def _keep(self, text: str, end: int) -> str:
        """Return the text up to `end`, and hold the rest back."""
        self._held = text[end:]
        self._shown.append(text[:end])
        return text[:end]

    def _restart(self) -> None:
        self.restarted = any(self._shown)
        self.began_inside = True
        self._shown.clear()

    def _pass(self, text: str) -> str:
        return text


def _may_become_tag(head: str) -> bool:
    """Return whether a text may be the start of a tag with which an answer begins."""
    if (half := _HALF.fullmatch(head)) and f"<{half[1].lower()}>" in _AT_START:
        return True
    start = _compact(head[:_LONGEST_START])
    return len(head) <= _LONGEST_START and any(tag.startswith(start) for tag in _AT_START)


def _unfinished_tag(text: str) -> int:
    """Return how many characters at the end may be the start of a closing tag."""
    tail = text[-_LONGEST:]
    starts = [at for at, sign in enumerate(tail) if sign in _STARTS]
    for at in starts:
        start = _compact(tail[at:])
        if any(closing.startswith(start) for _, closing in TAGS):
            return len(tail) - at
    return 0


def _compact(text: str) -> str:
    return "".join(text.lower().split())


def _ends_reasoning(before: str, after: str) -> bool:
    """Return whether a closing tag between two texts ends reasoning, or is part of the answer."""
    if is_in_code(before) or _OPEN.search(before):
        return False
    line = before[before.rfind("\n") + 1 :]
    if not line.strip() or not after.partition("\n")[0].strip():
        return True
    if line[-1].isspace():
        return line.rstrip()[-1] in _SENTENCE_ENDS
    return line[-1] not in _QUOTES


def _is_own_line(before: str) -> bool:
    return not before[before.rfind("\n") + 1 :].strip()


def is_in_code(before: str) -> bool:
    """Return whether a text ends inside a fenced block or an inline code span."""
    if before.count("```") % 2 == 1 or f"\n{before}".count("\n~~~") % 2 == 1:
        return True
    return before[before.rfind("\n") + 1 :].replace("```", "").count("`") % 2 == 1

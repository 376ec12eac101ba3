"""Removes the tokens that end a turn in chat templates from the end of an answer. Pure.

Endpoints with a wrong template, or without its stop tokens, leave them in the text. Some models
then write on: they invent the visitor's next turn, which is removed, too.
"""

import re

from loquent.agents.backends.openai_chat.reasoning import is_in_code

_NAME = r"[\w▁ -]{1,40}"
_TOKEN = (
    rf"(?:<[|｜]{_NAME}[|｜]>|\[\|{_NAME}\|\]|\[/?inst\]|\[eo[std]\]|</(?:s|answer|response|solution)>"
    r"|<(?:eo[std]|pad|turn\||(?:start|end)_of_(?:turn|utterance|text|sentence|message))>)"
)
# What may become a token.
_HALF = (
    rf"(?:<(?:[|｜](?:{_NAME}[|｜]?)?|/?\w{{0,20}}\|?)"
    rf"|\[(?:\|(?:{_NAME}\|?)?|/?i?n?s?t?|e?o?[std]?))"
)
# Groups: the tokens at the end of a text, and the start of another one.
_RUN = re.compile(rf"((?:{_TOKEN}\s*)*)({_HALF}?)\Z", re.IGNORECASE)
_MORE = re.compile(rf"(\s*(?:{_TOKEN}\s*)*)({_HALF}?)\Z", re.IGNORECASE)
# The end of a turn and the start of another one.
_NEXT_TURN = re.compile(
    rf"{_TOKEN}\s*(?:<\|(?:im_start|start_header_id|user)\|>|<\|turn>|<start_of_turn>|\[inst\])",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"</(\w+)>", re.IGNORECASE)
# The tokens at the end of one piece are searched for in this many characters.
_MAX_RUN = 4_000


class EndFilter:
    """Receives an answer in pieces and holds back what may be tokens at its end.

    Tokens in code are text, and so is a closing tag after its opening one.
    """

    def __init__(self) -> None:
        self._tokens = ""
        self._half = ""
        self._shown: list[str] = []
        self._is_over = False

    def feed(self, text: str) -> str:
        """Return the part that can't belong to a token at the end."""
        if self._is_over:
            return ""
        if not self._tokens and not self._half and "<" not in text and "[" not in text:
            self._shown.append(text)  # nearly every piece
            return text
        text = self._half + text
        found = _MORE.match(text) if self._tokens else None
        found = found or _RUN.search(text, max(0, len(text) - _MAX_RUN))
        shown = text[: found.start()] if found else text
        if shown:
            shown, self._tokens = self._tokens + shown, ""
            turn = self._next_turn(shown)
            if turn is not None:
                self._is_over, self._half = True, ""
                return shown[:turn]
            self._shown.append(shown)
        self._tokens += found[1] if found else ""
        self._half = found[2] if found else ""
        return shown

    def _next_turn(self, text: str) -> int | None:
        """Return where the answer ends because another turn follows; None if none does."""
        found = _NEXT_TURN.search(text)
        if found is None or is_in_code("".join([*self._shown, text[: found.start()]])):
            return None
        return found.start()

    def finish(self) -> str:
        """Return what was held back and is no token at the end of the answer."""
        tokens, half = self._tokens, self._half
        self._tokens = self._half = ""
        if half or not tokens:
            return tokens + half
        before = "".join(self._shown)
        closing = _CLOSING.search(tokens)
        is_closed = closing is not None and f"<{closing[1]}>".lower() in before.lower()
        return tokens if is_closed or is_in_code(before) else ""

"""Counts the tokens of one reply, however it ends. Pure."""

import math
from typing import TypedDict

from loquent.text import is_blank

# A token of English has four bytes and more, one of any other script hardly less than three.
BYTES_PER_TOKEN = 3


class TokenCounts(TypedDict):
    """The tokens of a reply, as `settle_tokens` expects them; None if an estimate is needed.

    `answer` None: no endpoint accepted the request, so the reply is free.
    """

    input_tokens: int | None
    output_tokens: int | None
    answer: str | None


FREE = TokenCounts(input_tokens=None, output_tokens=None, answer=None)


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text, too high rather than too low."""
    return _tokens(_byte_length(text))


def _byte_length(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _tokens(length: int) -> int:
    return math.ceil(length / BYTES_PER_TOKEN)


class TokenMeter:
    """Records what an endpoint did for one reply, however the answer ends.

    An endpoint charges for each request that it accepts, also if the answer is blank, filtered,
    cut off or stopped. Only a request that was never accepted is free.
    """

    def __init__(self) -> None:
        self.is_accepted = False
        self.has_text = False
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self._has_word = False
        self._is_over = False
        self._reached_maximum = False
        # The bytes of the text that no count covers yet; not the text, which may be endless.
        self._uncounted = 0
        # What earlier requests of the same reply used.
        self._earlier: tuple[int, int] | None = None
        # Of the latest request: whether it counts, its estimated input, and what was reported.
        self._is_sent = False
        self._estimated_input = 0
        self._has_input = self._has_output = False

    def sent(self) -> None:
        """Record that a request was sent: it counts unless the endpoint refuses it."""
        self.is_accepted = self._is_sent = True

    def refused(self) -> None:
        """Record that the request was not accepted: no connection, or a status other than 200."""
        self.is_accepted = self._earlier is not None
        self._is_sent = False

    def received(self, text: str, *, is_answer: bool = True) -> None:
        """Record a piece of text. `is_answer` False: the model's reasoning, not for visitors."""
        self.has_text = True
        self._uncounted += _byte_length(text)
        if is_answer and not self._has_word:
            self._has_word = not is_blank(text)

    def reported(self, input_tokens: int | None, output_tokens: int | None) -> None:
        """Record the endpoint's own counts, for the text so far; None leaves a count as it is."""
        before_in, before_out = self._earlier or (0, 0)
        if input_tokens is not None:
            self.input_tokens = before_in + input_tokens
            self._has_input = True
        if output_tokens is not None:
            self.output_tokens = before_out + output_tokens
            self._has_output = True
            self._uncounted = 0

    def next_request(self, *, answered: int, follows: int, max_output_tokens: int) -> int:
        """Record that another request follows; return the most that the reply may use with it.

        `answered`, `follows`: estimates of the input of the request before, and of the next one.
        """
        before_in, before_out = self._earlier or (0, 0)
        if not self._has_input:
            self.input_tokens = before_in + answered
        self.output_tokens = (self.output_tokens or before_out) + _tokens(self._uncounted)
        self._uncounted = 0
        self._earlier = before_in, before_out = self.input_tokens or 0, self.output_tokens
        self._estimated_input = follows
        self._is_sent = self._is_over = self._has_word = self._reached_maximum = False
        self._has_input = self._has_output = False
        return before_in + follows + before_out + max_output_tokens

    def over(self, *, at_maximum: bool = False) -> None:
        """Record that the endpoint stopped writing. `at_maximum`: at the maximum output tokens."""
        self._is_over = True
        self._reached_maximum = self._reached_maximum or at_maximum

    def counts(self, *, max_output_tokens: int) -> TokenCounts:
        """Return what the reply used of a maximum of output tokens.

        If a request was abandoned before the first word, the endpoint may have used the maximum
        for reasoning that it does not send.
        """
        if not self.is_accepted:
            return FREE
        before_in, before_out = self._earlier or (0, 0)
        output = (self.output_tokens or before_out) - before_out + _tokens(self._uncounted)
        may_have_reasoned = self._is_sent and not self._has_word and not self._is_over
        if may_have_reasoned or (self._reached_maximum and not self._has_output):
            output = max(output, max_output_tokens)
        input_tokens = self.input_tokens
        if self._earlier is not None and self._is_sent and not self._has_input:
            input_tokens = before_in + self._estimated_input
        return TokenCounts(input_tokens=input_tokens, output_tokens=before_out + output, answer="")

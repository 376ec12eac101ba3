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

    def sent(self) -> None:
        """Record that a request was sent: it counts unless the endpoint refuses it."""
        self.is_accepted = True

    def refused(self) -> None:
        """Record that the request was not accepted: no connection, or a status other than 200."""
        self.is_accepted = self._earlier is not None

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
        if output_tokens is not None:
            self.output_tokens = before_out + output_tokens
            self._uncounted = 0

    def next_request(self, estimated_input: int) -> None:
        """Record that another request follows; an input without a count is estimated."""
        before_in, before_out = self._earlier or (0, 0)
        if self.input_tokens is None or self.input_tokens == before_in:
            self.input_tokens = before_in + estimated_input
        self.output_tokens = (self.output_tokens or before_out) + _tokens(self._uncounted)
        self._uncounted = 0
        self._earlier = self.input_tokens, self.output_tokens
        self._is_over = self._has_word = False

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
        uncounted = _tokens(self._uncounted)
        if self.output_tokens is not None:
            output = self.output_tokens + uncounted
        else:
            output = max(uncounted, max_output_tokens if self._reached_maximum else 0)
        if not self._has_word and not self._is_over:
            output = max(output, max_output_tokens)
        return TokenCounts(input_tokens=self.input_tokens, output_tokens=output, answer="")

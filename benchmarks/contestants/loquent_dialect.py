"""What the widget's script says to our server, in version 2 of the protocol."""

import json
from collections.abc import Callable, Sequence

from benchmarks.answer import QUESTION
from benchmarks.dialects import HEAD, Heard


class LoquentDialect:
    """A page, the contact form where there are contacts, and messages that carry an id."""

    def __init__(
        self,
        widget_ids: Sequence[str],
        *,
        origin: str,
        run: str,
        tokens: Sequence[str] = (),
        contacts: int = 0,
    ) -> None:
        """Visitors are spread over the widgets, and over the sessions of the `tokens`, if any.

        `run`: other for each run, as ids may not come twice. `contacts`: each visitor fills in the
        form with the email of one of so many.
        """
        self._widget_ids = widget_ids
        self._origin = origin
        self._page = json.dumps({"type": "page", "url": f"{origin}/bags", "title": "Bags"}).encode()
        self._run = run
        self._tokens = tokens
        self._contacts = contacts
        self._forms = 0

    def path(self, number: int) -> str:
        return f"/api/widget/{self._widget_ids[number % len(self._widget_ids)]}/ws"

    def headers(self, number: int) -> str:
        offered = "loquent.v2"
        if self._tokens:
            offered += f", loquent.token.{self._tokens[number % len(self._tokens)]}"
        return f"Origin: {self._origin}\r\nSec-WebSocket-Protocol: {offered}\r\n"

    def question(self, number: int) -> bytes:
        identifier = f"c_{self._run}_{number}"
        frame = {"type": "message", "content": QUESTION, "client_message_id": identifier}
        return json.dumps(frame).encode()

    def hear(self, frame: bytes, say: Callable[[bytes], None]) -> Heard:
        head = frame[:HEAD]
        if b'"delta"' in head:
            return Heard.WORDS
        if b'"typing_stop"' in head:
            return Heard.END
        if b'"session"' in head:
            say(self._page)
            if not self._contacts:
                return Heard.READY
            say(self._form())
        if b'"contact_info_saved"' in head:
            return Heard.READY
        return Heard.FAILURE if b'"error"' in head else Heard.OTHER

    def _form(self) -> bytes:
        # Far from each other in the index, and never the same twice in a row.
        self._forms += 7_919
        email = f"visitor{self._forms % self._contacts + 1}@example.com"
        return json.dumps({"type": "contact_info", "email": email}).encode()

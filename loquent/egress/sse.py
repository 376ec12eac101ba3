"""Parses server-sent events byte by byte. Pure; see the HTML standard, section 9.2.

Only `data` matters here, so other fields are skipped. Lines end with LF, CR or CRLF.

Two kinds of lines outside the standard count as data, because they report a failed stream: a bare
JSON object, as proxies append it, and the field `error`.
"""

MAX_EVENT_BYTES = 1_048_576
_BOM = b"\xef\xbb\xbf"


class SseError(ValueError):
    """A line or an event is longer than MAX_EVENT_BYTES."""


class SseParser:
    """Receives bytes as they arrive and returns the data of each complete event.

    The result does not depend on how the bytes were cut.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        # An incomplete line. Pieces are appended: joining them again each time, or searching for
        # the line's end from its start, would take quadratic time for a long line.
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._at_start = True
        self._ended_with_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of the events that this chunk completes.

        Raises SseError when a line or an event is too long.
        """
        events: list[bytes] = []
        if self._at_start:
            chunk = self._take_rest() + chunk
            if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                self._keep_rest(chunk)
                return events
            chunk = chunk.removeprefix(_BOM)
            self._at_start = False
        if self._ended_with_cr or b"\r" in chunk:
            chunk = self._unix_lines(chunk)
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = self._take_rest() + lines[0]
        for line in lines:
            self._line(line, events)
        self._keep_rest(rest)
        return events

    def finish(self) -> list[bytes]:
        """Return the data of a last event that no blank line ended.

        The standard drops it; endpoints that leave out the last newline mean it, though.
        """
        events: list[bytes] = []
        self._line(self._take_rest(), events)
        self._line(b"", events)
        return events

    def _unix_lines(self, chunk: bytes) -> bytes:
        """Return the chunk with line feeds only; a CR at its end ends the line immediately."""
        if self._ended_with_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._ended_with_cr = False
        if chunk.endswith(b"\r"):
            self._ended_with_cr = True
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _take_rest(self) -> bytes:
        rest = bytes(self._rest)
        self._rest.clear()
        return rest

    def _keep_rest(self, piece: bytes) -> None:
        self._rest += piece
        if len(self._rest) > self._limit:
            raise SseError("a line is too long")

    def _line(self, line: bytes, events: list[bytes]) -> None:
        if not line:
            if self._data:
                events.append(b"\n".join(self._data))
                self._data, self._size = [], 0
            return
        if len(line) > self._limit:
            raise SseError("a line is too long")
        name, _, value = line.partition(b":")
        if line.startswith(b"{"):
            value = line
        elif name not in {b"data", b"error"}:
            return
        self._data.append(value[1:] if value.startswith(b" ") else value)
        self._size += len(line)
        if self._size > self._limit:
            raise SseError("an event is too long")

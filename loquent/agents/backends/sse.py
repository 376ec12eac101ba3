"""Server-sent events, taken apart byte by byte. Pure; see the HTML standard, section 9.2.

Only `data` matters here, so other fields are skipped. Lines end with LF or CRLF.
"""

MAX_EVENT_BYTES = 1_048_576
_BOM = b"\xef\xbb\xbf"


class SseError(ValueError):
    """A line or an event is longer than MAX_EVENT_BYTES."""


class SseParser:
    """Feed it bytes as they come; it gives the data of each event that is whole.

    The result does not depend on how the bytes were cut.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0
        self._at_start = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that this chunk completes.

        Raises SseError when a line or an event is too long.
        """
        buffer = self._rest + chunk if self._rest else chunk
        if self._at_start:
            if len(buffer) < len(_BOM) and _BOM.startswith(buffer):
                self._rest = buffer
                return []
            buffer = buffer.removeprefix(_BOM)
            self._at_start = False
        *lines, self._rest = buffer.split(b"\n")
        events: list[bytes] = []
        for line in lines:
            self._line(line.removesuffix(b"\r"), events)
        if len(self._rest) > self._limit + 1:  # a CR may stand at its end
            raise SseError("a line is too long")
        return events

    def finish(self) -> list[bytes]:
        """The data of a last event whose closing blank line never came.

        The standard drops it; endpoints that leave out the last newline mean it, though.
        """
        events: list[bytes] = []
        rest, self._rest = self._rest, b""
        self._line(rest.removesuffix(b"\r"), events)
        self._line(b"", events)
        return events

    def _line(self, line: bytes, events: list[bytes]) -> None:
        if not line:
            if self._data:
                events.append(b"\n".join(self._data))
                self._data, self._size = [], 0
            return
        if len(line) > self._limit:
            raise SseError("a line is too long")
        name, _, value = line.partition(b":")
        if name != b"data":
            return
        self._data.append(value[1:] if value.startswith(b" ") else value)
        self._size += len(line)
        if self._size > self._limit:
            raise SseError("an event is too long")

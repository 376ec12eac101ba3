"""uvicorn's WebSocket protocol, with limits on inputs that it does not limit itself."""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# Fragments of one message: with 64 KiB in all, even a slow client needs far fewer.
MOST_FRAGMENTS = 1_000
# Pings and pongs of a client in CONTROL_SECONDS; browsers send one pong per heartbeat of 20 s.
MOST_CONTROL_FRAMES = 100
CONTROL_SECONDS = 10.0
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Refuses a handshake that can't be parsed, and passes on text that is not UTF-8.

    Ends a client that floods it with frames that the application never sees: each costs time on
    the event loop, and neither the rate of frames nor a full write buffer stops them.
    """

    _control_frames = 0
    _control_began = 0.0

    def data_received(self, data: bytes) -> None:
        """Refuse a handshake with too long a line, too many headers or a body with 400.

        uvicorn looks at errors of frames only: the connection would stay open, without an answer
        and without an end, and would break the server's shutdown.
        """
        super().data_received(data)
        if self.conn.handshake_exc is None or self.handshake_initiated:
            return
        self.handshake_complete = True
        self.close_sent = True
        if not self.transport.is_closing():
            self.transport.write(REFUSAL)
            self.transport.close()

    def handle_cont(self, event: Any) -> None:
        """Keep a fragment of a message, unless it has too many."""
        if len(self.frames) >= MOST_FRAGMENTS:
            self.transport.abort()
        if not self.transport.is_closing():
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping, unless there are too many."""
        if self._takes_control_frame():
            super().handle_ping()

    def handle_pong(self, event: Any) -> None:
        """Count a pong, unless there are too many."""
        if self._takes_control_frame():
            super().handle_pong(event)

    def _takes_control_frame(self) -> bool:
        now = self.loop.time()
        if now - self._control_began >= CONTROL_SECONDS:
            self._control_began, self._control_frames = now, 0
        self._control_frames += 1
        if self._control_frames > MOST_CONTROL_FRAMES:
            # Unsent data, such as unread pongs, is dropped with the connection.
            self.transport.abort()
        return not self.transport.is_closing()

    def start_keepalive(self) -> None:
        """Drop the handshake's headers once it is answered: the socket may live for hours."""
        super().start_keepalive()
        self.request.headers.clear()
        self.response.headers.clear()

    def send_receive_event_to_app(self) -> None:
        """Pass text that is not UTF-8 on as bytes, which the application refuses as a bad frame.

        uvicorn would log a traceback and end the socket: one bad frame must not end a session.
        """
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()

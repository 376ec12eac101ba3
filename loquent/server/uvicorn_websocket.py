"""Extend uvicorn's WebSocket protocol: handle two invalid inputs, and use less memory."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

REFUSAL = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Refuses an invalid handshake, and passes on text that is not UTF-8."""

    def data_received(self, data: bytes) -> None:
        """Refuse a handshake with too long a line, too many headers or a body with 400.

        uvicorn only checks frames for errors: the connection would stay open without a response,
        and would break the server's shutdown.
        """
        super().data_received(data)
        if self.conn.handshake_exc is None or self.handshake_initiated:
            return
        self.handshake_complete = True
        self.close_sent = True
        if not self.transport.is_closing():
            self.transport.write(REFUSAL)
            self.transport.close()

    def start_keepalive(self) -> None:
        """Drop the handshake's headers once it is complete: the socket may stay open for hours."""
        super().start_keepalive()
        self.request.headers.clear()
        self.response.headers.clear()

    def send_receive_event_to_app(self) -> None:
        """Pass text that is not UTF-8 on as bytes, which the application refuses as a bad frame.

        uvicorn would log a traceback and close the socket, but one bad frame must not end a
        session.
        """
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()

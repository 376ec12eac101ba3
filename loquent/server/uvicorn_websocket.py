"""uvicorn's WebSocket protocol, with two inputs handled that it leaves open, and less to keep."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

REFUSAL = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Refuses a handshake that can't be parsed, and passes on text that is no UTF-8."""

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

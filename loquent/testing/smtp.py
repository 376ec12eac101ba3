"""A mail server on 127.0.0.1 that keeps what it receives, and can hold an answer back."""

import socketserver
import threading
from types import TracebackType
from typing import Self


class MailServer:
    """`with MailServer() as server:` accepts mail by plain SMTP.

    While `hold` is set, it receives whole mails, and answers none of them.
    """

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.held: list[str] = []
        self.hold = threading.Event()
        self.answer = "250 OK"
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer._serve(self)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    @property
    def url(self) -> str:
        """The EMAIL_URL of it."""
        return f"smtp://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, client: socketserver.StreamRequestHandler) -> None:
        def say(line: str) -> None:
            client.wfile.write(f"{line}\r\n".encode())

        say("220 ready")
        while command := client.rfile.readline().decode().strip().upper():
            if command == "DATA":
                say("354 go on")
                lines = []
                while (line := client.rfile.readline()) not in {b".\r\n", b""}:
                    lines.append(line.decode())
                mail = "".join(lines)
                if self.hold.is_set():
                    self.held.append(mail)
                    # Until the client goes away.
                    client.rfile.readline()
                    return
                if self.answer.startswith("2"):
                    self.mails.append(mail)
                say(self.answer)
            elif command == "QUIT":
                say("221 bye")
                return
            else:
                say("250 OK")

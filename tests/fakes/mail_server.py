"""A mail server that does as it is told, over a real connection: it takes, refuses, or hangs up."""
from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MailServer(socketserver.ThreadingTCPServer):
    """Keeps what it took in `taken`. `answers` are what the next e-mails get after their text: 250, 451, or 0."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.taken: list[str] = []
        self.answers: list[int] = []
        self.recipient = 250

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say(220)
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self._say(354)
                text = b""
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    text += part
                code = self.server.answers.pop(0) if self.server.answers else 250
                if code in (0, 250):
                    self.server.taken.append(text.decode())
                if code == 0:
                    return  # the connection breaks after the text was taken
                self._say(code)
            else:
                self._say(self.server.recipient if word == b"RCPT" else 250)

    def _say(self, code: int) -> None:
        self.wfile.write(f"{code} fine\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Listen on this machine."""
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()

"""A token endpoint that remembers who spent what, and serves HTTP from a thread of its own.

Each refresh mints a new refresh token and burns the one spent, at once. A gracious one takes a
burnt token once more as long as nobody has used its successor.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import ProxyHandler, build_opener

LIFETIME = 200
"""Seconds: less than the five minutes before the end from which a token is renewed, so that
every call for a token is a refresh."""


@dataclass
class Bank:
    """Tokens are called ``<seat>/<number>``; a seat that nobody knows yet begins with its 0."""

    gracious: bool = False
    newest: dict[str, int] = field(default_factory=dict)
    minted: int = 0
    reused: list[str] = field(default_factory=list)
    """Burnt tokens that somebody tried again, and was refused."""
    forgiven: list[str] = field(default_factory=list)
    """Burnt tokens that were taken once more."""
    url: str = ""
    _lock: threading.Condition = field(default_factory=threading.Condition)
    _guests: int = 0

    def token(self, seat: str) -> str:
        """The one refresh token of the seat that is good."""
        return f"{seat}/{self.newest.get(seat, 0)}"

    def burn(self, seat: str) -> None:
        """Nothing that was minted for the seat is good any more: its owner signs in anew."""
        with self._lock:
            self.newest[seat] = self.newest.get(seat, 0) + 1

    def wait(self) -> None:
        """Until everything is served that somebody, who may be dead by now, has asked for."""
        # Who comes now is let in after all who have come before.
        with build_opener(ProxyHandler({})).open(self.url) as answer:
            answer.read()

    def enter(self) -> None:
        with self._lock:
            self._guests += 1

    def leave(self) -> None:
        with self._lock:
            self._guests -= 1
            self._lock.notify_all()

    def be_alone(self) -> None:
        with self._lock:
            self._lock.wait_for(lambda: self._guests == 1)

    def spend(self, token: str) -> tuple[int, dict[str, Any]]:
        seat, _, number = token.rpartition("/")
        with self._lock:
            newest = self.newest.get(seat, 0)
            if int(number) != newest:
                if not (self.gracious and int(number) == newest - 1):
                    self.reused.append(token)
                    return 400, {"error": "invalid_grant"}
                self.forgiven.append(token)
            self.newest[seat] = newest + 1
            self.minted += 1
        fresh = {"refreshToken": self.token(seat), "accessToken": f"access to {seat}"}
        return 200, {**fresh, "expiresIn": LIFETIME}


@contextmanager
def opened(bank: Bank) -> Iterator[str]:
    """Gives its URL."""

    class Counter(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, answer = bank.spend(body["refreshToken"])
            raw = json.dumps(answer).encode()
            # One write: the answer is either on its way as a whole, or not yet.
            head = f"HTTP/1.1 {status} -\r\ncontent-length: {len(raw)}\r\n\r\n"
            self.wfile.write(head.encode() + raw)

        def do_GET(self) -> None:
            bank.be_alone()
            self.wfile.write(b"HTTP/1.1 204 -\r\n\r\n")

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def process_request(self, request: Any, client_address: Any) -> None:
            bank.enter()
            super().process_request(request, client_address)

        def process_request_thread(self, request: Any, client_address: Any) -> None:
            try:
                super().process_request_thread(request, client_address)
            finally:
                bank.leave()

        def handle_error(self, *_: object) -> None:
            """Its clients are killed in the middle of everything."""

    server = Server(("127.0.0.1", 0), Counter)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,))
    serving.start()
    try:
        bank.url = f"http://127.0.0.1:{server.server_address[1]}/token"
        yield bank.url
    finally:
        server.shutdown()
        serving.join()
        server.server_close()

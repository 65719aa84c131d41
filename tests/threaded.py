"""HTTP servers in a thread of this process, for tests that have no loop."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Quiet(BaseHTTPRequestHandler):
    """Keeps off standard error whom it has answered."""

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def serving(answers: type[Quiet]) -> Iterator[int]:
    """The port where *answers* are given until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        # It looks this often, in seconds, whether it is to stop.
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()

"""A pretend Amazon beside the test, and a process that runs to its end."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from amq2api.sim.app import create_app
from amq2api.sim.identity import Account
from amq2api.sim.world import World
from cli.running import PROGRAM, Done, surroundings

NOTHING: Mapping[str, str] = {}
_LONGEST = 60.0  # seconds a command may take


@dataclass(frozen=True, slots=True)
class Amazon:
    """A simulator on a port of this machine; its world can be changed while it answers."""

    world: World
    url: str

    @property
    def settings(self) -> dict[str, str]:
        """The environment that leads a program here."""
        return {
            "AMAZONQ_API_ENDPOINT": self.url,
            "AMAZONQ_TOKEN_ENDPOINT": f"{self.url}token",
        }

    def seat(self, name: str, **members: Any) -> dict[str, Any]:
        """A new account that may ask, as an entry of account.json."""
        return {"name": name, **self.world.add_account(name).credentials, **members}

    def person(self, name: str) -> Account:
        return self.world.identities.accounts[name]


@contextmanager
def amazon() -> Iterator[Amazon]:
    world = World()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    with answering(create_app(world), listening) as url:
        yield Amazon(world, url)


@contextmanager
def answering(app: Any, listening: socket.socket) -> Iterator[str]:
    """An ASGI application that answers on a socket, in a thread of its own."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def finished(
    home: Path, *words: str, given: bytes = b"", settings: Mapping[str, str] = NOTHING
) -> Done:
    """``amq2api WORDS`` as a process of its own, run to its end."""
    done = subprocess.run(
        [*PROGRAM, *words], cwd=home, input=given, capture_output=True, timeout=_LONGEST,
        env=surroundings(home) | dict(settings), check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

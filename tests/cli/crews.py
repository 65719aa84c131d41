"""A program for tests: a crew whose workers do as they are told.

``python crews.py WORKERS WORK``: each worker writes a line to standard output and then does its
work, which is the name of a function here.
"""

import os
import signal
import socket
import sys
import time
from threading import Thread

import typer

from amq2api.cli.app import Complaint
from amq2api.cli.orders import STOP, UP
from amq2api.cli.workers import Crew, Post
from amq2api.log import configure


def serve(post: Post) -> None:
    beats(post)
    while (order := post.line.recv(1)) not in (STOP, b""):
        say(f"{post.number} heard {order.decode()}")


def beats(post: Post) -> None:
    """Tell that it serves, now and for as long as it lives."""

    def beat() -> None:
        while True:
            post.line.send(UP)
            time.sleep(0.02)

    Thread(target=beat, daemon=True).start()


def die(post: Post) -> None:
    sys.exit(7)


def die_later(post: Post) -> None:
    post.line.send(UP)
    time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)


def hang(post: Post) -> None:
    beats(post)
    while True:
        time.sleep(1)


def freeze(post: Post) -> None:
    """The first ones do, some before they serve; who comes after them lives."""
    if post.again:
        serve(post)
    if post.number:
        post.line.send(UP)
    time.sleep(60)


def say(words: str) -> None:
    os.write(1, f"{words}\n".encode())


def main() -> None:
    count, work = int(sys.argv[1]), sys.argv[2]
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    configure("info", "json")
    try:
        post = Crew(listening, patience=0.1, farewell=0.4, beat=0.05).post()
    except Complaint as complaint:
        sys.exit(str(complaint))
    except typer.Exit as end:
        sys.exit(end.exit_code)
    say(f"{post.number} {'again' if post.again else 'first'} {post.listening.getsockname()[1]}")
    globals()[work](post)


if __name__ == "__main__":
    main()

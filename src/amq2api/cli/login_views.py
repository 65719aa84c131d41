"""What ``amq2api login`` shows: lines of JSON for programs, a code and a link for people."""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Protocol

import typer
from rich.console import Console
from rich.status import Status

from amq2api.admin.login import LoginView

from .app import Complaint
from .output import say_json_line, visible


class Display(Protocol):
    """How a sign-in is shown while it goes on."""

    def show(self, view: LoginView) -> None:
        """Called whenever the view has changed, and once a second."""

    async def choose(self, view: LoginView) -> str:
        """The ARN of one of the view's profiles; raises Complaint if nobody can choose."""

    def stored(self, label: str, *, active: bool) -> None:
        """Called last, if it led to an account."""

    def close(self) -> None:
        """Called whatever happens."""


def for_programs() -> Display:
    return _Lines()


def for_people(opened: Callable[[str], bool]) -> Display:
    """*opened* tells a browser to show a link, if there is one, and whether it did."""
    return _Words(opened)


class _Lines:
    def __init__(self) -> None:
        self._seen: LoginView | None = None

    def show(self, view: LoginView) -> None:
        if view != self._seen:
            say_json_line(view)
        self._seen = view

    async def choose(self, view: LoginView) -> str:
        raise _several(view)

    def stored(self, label: str, *, active: bool) -> None: ...

    def close(self) -> None: ...


class _Words:
    def __init__(self, opened: Callable[[str], bool]) -> None:
        self._opened = opened
        self._state = ""
        self._waiting: Status | None = None

    def show(self, view: LoginView) -> None:
        if view.state != self._state:
            self._state = view.state
            self.close()
            if view.state == "waiting":
                self._prompt(view)
        if self._waiting is not None and view.expires_at is not None:
            left = max(0, round(view.expires_at - time.time()))
            self._waiting.update(f"Waiting for the confirmation, {left // 60}:{left % 60:02} left")

    async def choose(self, view: LoginView) -> str:
        if not sys.stdin.isatty():
            raise _several(view)
        typer.echo("There are several profiles:")
        for number, profile in enumerate(view.profiles, 1):
            typer.echo(f"  {number}  {visible(profile.name)} ({visible(profile.region)})")
        while True:
            typer.echo(f"Which one shall be used? [1-{len(view.profiles)}] ", nl=False)
            line = await _line()
            if not line:
                raise _several(view)
            if line.strip() in map(str, range(1, len(view.profiles) + 1)):
                return view.profiles[int(line) - 1].arn

    def stored(self, label: str, *, active: bool) -> None:
        typer.echo(f"Signed in. The account is {label}.")
        if active:
            typer.echo("It is the active account.")
        else:
            typer.echo("`amq2api accounts activate` makes it the active one.")

    def close(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None

    def _prompt(self, view: LoginView) -> None:
        link = view.verification_uri_complete
        typer.echo(f"Open this page and confirm the code:\n\n    {visible(link)}\n")
        typer.echo(f"    code  {visible(view.user_code)}\n")
        if self._opened(link):
            typer.echo("Your browser was told to show it.")
        console = Console()
        if console.is_terminal:
            self._waiting = console.status("Waiting for the confirmation")
            self._waiting.start()


def _several(view: LoginView) -> Complaint:
    profiles = "\n".join(f"  {visible(p.arn)}  {visible(p.name)}" for p in view.profiles)
    return Complaint(f"there are several profiles; say --profile with one of these:\n{profiles}",
                     kind="profile_wanted")  # fmt: skip


async def _line() -> str:
    """A line from the terminal; empty at its end. In a thread it could not be interrupted."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sys.stdin, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()

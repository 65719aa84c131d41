"""All commands under one name, and what becomes of their failures."""

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from amq2api import __version__
from amq2api.errors import GatewayError

from .output import failure, say_json_line

COMMANDS = {
    "serve": "serve",
    "simulate": "simulate",
    "chat": "chat",
    "decode": "decode",
    "translate": "translate",
    "settings": "settings",
    "accounts": "accounts",
    "login": "login",
    "import": "importing",
    "export": "exporting",
    "rekey": "rekey",
    "doctor": "doctor",
    "password": "password",
}
"""Name of the command: module whose ``command`` it is, a function or a group of commands."""

_DEFAULT = "serve"
_OWN_OPTIONS = ("--help", "-h", "--version")
_FOR_PROGRAMS = "amq2api.json"
# A mistake on the command line: whose class it is has changed between versions of Typer.
_MISTAKE: Any = typer.BadParameter.__bases__[0]


class Complaint(Exception):
    """Why a command cannot do its work, in words for the person who typed it.

    Args:
        status: The exit status; 2 where what was asked for makes no sense.
        kind: ``error.type`` for programs, in snake_case.
    """

    def __init__(self, message: str, status: int = 1, *, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind or ("bad_usage" if status == 2 else "failed")


class _Commands(TyperGroup):
    """Imports a command when it is named: ``--version`` does not wait for a web framework."""

    # The context is Any: whose class it is has changed between versions of Typer.
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"amq2api.cli.{COMMANDS[cmd_name]}").command
        if isinstance(command, typer.Typer):
            group = typer.main.get_group(command)
            group.name = cmd_name
            return group
        alone = typer.Typer(**TYPER)
        alone.command(cmd_name)(command)
        return typer.main.get_command(alone)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in _OWN_OPTIONS):
            args = [_DEFAULT, *args]
        # Looked for here, so that a mistake among the words themselves is told as JSON, too.
        ctx.meta[_FOR_PROGRAMS] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Complaint as exc:
            failed, status = failure(exc, exc.kind), exc.status
        except GatewayError as exc:
            failed, status = failure(exc), 1
        except _MISTAKE as exc:
            if not ctx.meta[_FOR_PROGRAMS]:
                raise
            failed, status = {"type": "bad_usage", "message": exc.format_message()}, exc.exit_code
        if ctx.meta[_FOR_PROGRAMS]:
            say_json_line({"error": failed}, err=True)
        else:
            typer.echo(failed["message"], err=True)
        raise typer.Exit(status)


TYPER: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,  # they show local variables, and with them secrets
    "rich_markup_mode": "markdown",
    "context_settings": {"help_option_names": ["-h", "--help"]},
}

app = typer.Typer(cls=_Commands, **TYPER)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"amq2api {__version__}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_tell_version),
    ] = False,
) -> None:
    """Use your own Amazon Q Developer seats from tools that speak the Claude Messages API.

    Without a command the gateway is started: see `amq2api serve --help`. What can be set is
    listed by `amq2api settings`.
    """

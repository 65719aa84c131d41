"""``amq2api serve``."""

import shlex
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from amq2api import __version__
from amq2api.config import Settings
from amq2api.errors import GatewayError
from amq2api.log import configure, log

from .app import Complaint
from .building import gateway
from .chat import address, request, show
from .door import show_the_way
from .output import say_json_line
from .preflight import preflight
from .reading import keys_to_serve, settings_or_complain
from .serving import listen, run, serve


def command(
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on; else AMQ2API_HOST.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Port to listen on; else PORT.")
    ] = None,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Ask a pretend Amazon Q in this process: no account needed."),
    ] = False,
    no_account: Annotated[
        bool,
        typer.Option("--no-account", help="With --demo: begin without an account, to sign in."),
    ] = False,
    say: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Send this message through it first, show the answer."),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help='{"url": …} in one line once it answers, for programs.'),
    ] = False,
) -> None:
    """Start the gateway. This is what happens when no command is given.

    It stops on Ctrl-C or SIGTERM: calls under way get AMQ2API_DRAIN_TIMEOUT seconds to end, a
    second signal cuts them. On SIGHUP it reads its settings again.
    """
    if no_account and not demo:
        raise Complaint("--no-account: only the demonstration has one to do without: add --demo", 2)
    if as_json and say is not None:
        raise Complaint("--say and --json exclude each other; see `amq2api chat --json`", 2)
    settings = settings_or_complain(host=host, port=port)
    configure(settings.log_level, settings.log_format)
    run(_serve(settings, demo=demo, with_account=not no_account, say=say, as_json=as_json))


async def _serve(
    settings: Settings, *, demo: bool, with_account: bool, say: str | None, as_json: bool
) -> None:
    if not demo:
        preflight(settings)
    keys = keys_to_serve(settings)
    sock = listen(settings.host, settings.port)
    url = address(settings)
    async with AsyncExitStack() as stack:
        stack.callback(sock.close)
        if demo:
            from .demo import pretend, words  # with it comes the whole simulator

            settings = await stack.enter_async_context(pretend(settings, with_account=with_account))
        app = gateway(settings, keys, simulated=demo)

        async def begin() -> None:
            log.info("serving", url=url, version=__version__, demo=demo, keys=len(keys))
            if settings.admin:
                show_the_way(settings, url, page=not demo)
            if say is not None and with_account:
                await _say(url, say, next(iter(keys), ""))
            if as_json:
                say_json_line({"url": url, "version": __version__, "demo": demo})
            elif demo:
                typer.echo(words(url, closed=bool(keys), with_account=with_account))

        await serve(app, sock, then=begin, ending=app, patience=settings.drain_timeout)


async def _say(url: str, message: str, key: str) -> None:
    typer.echo(f"\n$ amq2api chat {shlex.quote(message)}")
    try:
        await show(url, request(message), key)
    except GatewayError as failure:
        typer.echo(str(failure), err=True)

"""``amq2api serve``."""

import asyncio
import shlex
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from amq2api import __version__
from amq2api.config import Settings, load
from amq2api.errors import GatewayError
from amq2api.log import configure, log
from amq2api.web.http import Connections

from .app import Complaint
from .building import adopt, gateway, parts
from .chat import address, request, show
from .company import Alone, Company
from .door import show_the_way
from .orders import Orders
from .output import say_json_line
from .preflight import preflight
from .reading import keys_to_serve, settings_or_complain
from .reloading import Reloading
from .serving import listen, listen_for_all, run, serve
from .terms import of_clients


def command(
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on; else AMQ2API_HOST.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Port to listen on; else PORT.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Processes to serve with; else AMQ2API_WORKERS."),
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
    settings = settings_or_complain(host=host, port=port, workers=workers)
    configure(settings.log_level, settings.log_format)
    if not demo:
        preflight(settings)
    start = _Start(
        settings=settings,
        keys=keys_to_serve(settings),
        again=partial(load, host=host, port=port, workers=workers),
        demo=demo,
        with_account=not no_account,
        say=say,
        as_json=as_json,
    )
    if settings.workers > 1:
        _as_a_crew(start)
    else:
        run(_serve(start, listen(settings.host, settings.port), Alone()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """How the gateway is started."""

    settings: Settings
    keys: tuple[str, ...]
    again: Callable[[], Settings]
    """Reads the settings anew."""
    demo: bool
    with_account: bool
    say: str | None
    as_json: bool


def _as_a_crew(start: _Start) -> None:
    from .together import Shared, Together
    from .workers import Crew

    settings = start.settings
    if start.demo:
        raise Complaint("--demo: the demonstration is one process; leave out AMQ2API_WORKERS", 2)
    sockets = listen_for_all(settings.host, settings.port, settings.workers)
    with closing(Shared(settings.workers)) as shared:
        post = Crew(sockets, settings.drain_timeout).post()
        # From here on this is a worker.
        run(_serve(start, post.listening, Together(post, shared)))


async def _serve(start: _Start, sock: socket.socket, company: Company) -> None:
    settings, keys = start.settings, start.keys
    async with AsyncExitStack() as stack:
        stack.callback(sock.close)
        if start.demo:
            from .demo import pretend  # with it comes the whole simulator

            demo = pretend(settings, with_account=start.with_account)
            settings = await stack.enter_async_context(demo)
        made, clients = parts(settings), Connections(of_clients(settings))
        app = gateway(
            settings, keys, made, simulated=start.demo,
            elsewhere=company.elsewhere, collect=company.collect,
        )  # fmt: skip

        def change(settings: Settings, keys: tuple[str, ...]) -> None:
            configure(settings.log_level, settings.log_format)
            adopt(made, app, settings, keys)
            clients.limits = of_clients(settings)

        reloading = Reloading(start.settings, settings, keys, start.again, change)
        orders, under_way = Orders(reloading), set[asyncio.Task[None]]()
        await stack.enter_async_context(company.sharing(made, app, orders, under_way))

        async def begin() -> None:
            if company.up():
                await _begin(start, settings)

        await serve(
            app, sock, then=begin, ending=app, orders=orders, clients=clients,
            patience=lambda: reloading.settings.drain_timeout, under_way=under_way,
        )  # fmt: skip


async def _begin(start: _Start, settings: Settings) -> None:
    """Tell that it answers, and how to use it."""
    url, keys = address(settings), start.keys
    log.info(
        "serving", url=url, version=__version__, demo=start.demo, keys=len(keys),
        workers=settings.workers,
    )  # fmt: skip
    if settings.admin:
        show_the_way(settings, url, page=not start.demo)
    if start.say is not None and start.with_account:
        await _say(url, start.say, next(iter(keys), ""))
    if start.as_json:
        say_json_line({"url": url, "version": __version__, "demo": start.demo})
    elif start.demo:
        from .demo import words

        typer.echo(words(url, closed=bool(keys), with_account=start.with_account))


async def _say(url: str, message: str, key: str) -> None:
    typer.echo(f"\n$ amq2api chat {shlex.quote(message)}")
    try:
        await show(url, request(message), key)
    except GatewayError as failure:
        typer.echo(str(failure), err=True)

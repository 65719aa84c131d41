"""``amq2api simulate``."""

from typing import Annotated

import typer

from amq2api.log import configure, log
from amq2api.sim.app import create_app
from amq2api.sim.dressing import Profile
from amq2api.sim.scenarios import UnknownScenario, summaries
from amq2api.sim.world import World

from .app import Complaint
from .output import say_json, say_json_line
from .serving import listen, run, serve

PORT = 3016


def command(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="NUMBER", help="Port to listen on; 0 takes a free one.")
    ] = PORT,
    profile: Annotated[
        Profile, typer.Option(metavar="classic|2026", help="Which deployment to resemble.")
    ] = "2026",
    scenario: Annotated[
        str,
        typer.Option(metavar="NAME[:ARGUMENT]", help="How to answer what asks for nothing else."),
    ] = "echo",
    list_: Annotated[bool, typer.Option("--list", help="List the scenarios.")] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help='{"url": …, "environment": …} in one line once it answers, for programs.'
        ),
    ] = False,
) -> None:
    """Run the pretend Amazon Q alone, to point a gateway, or anything else, at it.

    What it can answer, and how one request asks for a scenario: docs/simulator.md.
    """
    if list_:
        if as_json:
            say_json(summaries())
            return
        for name, summary in summaries().items():
            typer.echo(f"{name:<24} {summary}")
        return
    configure("info", "auto")
    run(_simulate(host, port, profile, scenario, as_json=as_json))


async def _simulate(
    host: str, port: int, profile: Profile, scenario: str, *, as_json: bool
) -> None:
    world = World()
    world.profile = profile
    try:
        world.scenario = scenario
    except UnknownScenario as exc:
        raise Complaint(
            f"--scenario: {scenario!r} is none; `amq2api simulate --list` names all", 2
        ) from exc
    sock = listen(host, port)
    service = f"http://{host}:{sock.getsockname()[1]}/"

    async def begin() -> None:
        log.info("simulating", url=service, profile=profile, scenario=scenario)
        account = world.demo_account()
        if as_json:
            environment = endpoints(service) | credentials(account)
            say_json_line({"url": service, "environment": environment})
        else:
            typer.echo(words(service, account))

    await serve(create_app(world), sock, then=begin, dated=False)


def endpoints(service: str) -> dict[str, str]:
    """The settings that make a gateway ask *service*, and keep what it learns there apart."""
    return {
        "AMAZONQ_API_ENDPOINT": service,
        "AMAZONQ_TOKEN_ENDPOINT": f"{service}token",
        "AMQ2API_CALIBRATION_FILE": "~/.amq2api_calibration.simulated.json",
    }


def credentials(account: dict[str, str]) -> dict[str, str]:
    """The settings that make a gateway ask with *account*."""
    return {f"AMAZONQ_{name.upper()}": value for name, value in account.items()}


def words(service: str, account: dict[str, str]) -> str:
    """A ``.env`` for a gateway that uses *service*."""
    return (
        "# What leads a gateway here, as lines for its .env.\n"
        + _lines(endpoints(service))
        + "# An account that may ask. Leave it out to sign in on the gateway's page instead.\n"
        + _lines(credentials(account))
    )


def _lines(settings: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())

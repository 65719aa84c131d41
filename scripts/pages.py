"""The files that are made from the code. `scripts/docs` writes them, a test compares them."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import cleandoc, getdoc
from pathlib import Path
from textwrap import wrap
from typing import Any

import typer

import conformance
from amq2api import config
from amq2api.accounts import policy
from amq2api.bridge.amazonq import fidelity
from amq2api.cli.app import COMMANDS, app
from amq2api.cli.reloading import AT_START
from amq2api.dialects.messages import WORDING
from amq2api.relay.families import FAMILIES
from amq2api.sim.scenarios import summaries

ROOT = Path(__file__).parent.parent
_NOTICE = "<!-- Made by scripts/docs; a test compares it with the code. -->"


def settings() -> str:
    """docs/settings.md."""
    fixed = {str(config.Settings.model_fields[name].validation_alias) for name in AT_START}
    rows = [(f"`{row.env}`", f"`{row.default}`" if row.default else "", row.allowed, row.help,
             "start" if row.env in fixed else "SIGHUP")
            for row in config.table()]  # fmt: skip
    return _page(
        "Settings",
        """
        Read from the environment and from a file `.env` in the working directory; the
        environment wins, and options such as `--port` win over both. An empty value is none. A
        value that makes no sense stops the start with its name and what is allowed.
        `amq2api settings` shows what is in force. The last column says when a change is taken up:
        at the next start, or already when the gateway gets a SIGHUP.
        """,
        *_table(("name", "default", "allowed", "what it is for", "changes at"), rows),
    )


def errors() -> str:
    """docs/errors.md."""
    rows = []
    for kind, row in WORDING.items():
        retry = {None: "", True: "`true`", False: "`false`"}[row.should_retry]
        wait = f"{row.retry_after:g}" if row.retry_after is not None else ""
        meaning = (getdoc(kind) or "").partition("\n")[0]
        rows.append((str(row.status), f"`{row.type}`", retry, wait, f"{kind.__name__}: {meaning}"))
    return _page(
        "Errors",
        """
        Every error is Claude's envelope, `{"type": "error", "error": {"type", "message"},
        "request_id"}`, and every answer has the header `request-id`, which the log line of the
        call has too. Once a stream has begun the same comes as an `error` event. The names in
        the last column are the log's `outcome`.
        """,
        *_table(("status", "type", "`x-should-retry`", "`retry-after`", "when"), rows),
        "",
        *_policy(),
    )


def _policy() -> list[str]:
    rows = [
        (kind.__name__, "; else ".join(map(str, row.remedies)) or "told to the client",
         f"`{row.mark}`" if row.mark else "", row.why)
        for kind, row in policy.TABLE.items()
    ]  # fmt: skip
    text = f"""
        ## What the gateway tries first

        Only before the client has heard the first of an answer; then the failure is told. A call
        makes `AMQ2API_ATTEMPTS` requests at most. Pauses are never shorter than what the service
        asks for and are spread by chance; where it asks for more than {policy.LONGEST_PAUSE:g}
        seconds the client is told instead. An account that asked too fast is not asked again by
        the same call. In all, one call in ten may lead to a further request, and
        {policy.RESERVE:g} more, counting the latest calls: beyond that failures are told at once,
        so that retries never become the load. The nearest class decides.
    """
    return [cleandoc(text), "", *_table(("failure", "what is tried", "account", "why"), rows)]


def metrics() -> str:
    """docs/metrics.md."""
    rows = [
        (f"`{each.name}`", each.kind, ", ".join(f"`{label}`" for label in each.labels), each.help)
        for each in FAMILIES
    ]
    return _page(
        "Metrics",
        """
        `GET /metrics` tells Prometheus, behind the same door as calls: with client keys, send one
        as `Authorization: Bearer`. `AMQ2API_METRICS=false` takes it away. With several workers the
        numbers are those of all of them, whoever is asked. Every label has a bounded set of
        values: a name that the gateway does not know is `other`. Nothing tells of a person, a
        key, an account's name or a conversation.

            scrape_configs:
              - job_name: amq2api
                authorization: {credentials_file: /etc/prometheus/amq2api-key}
                static_configs: [{targets: ["127.0.0.1:3015"]}]
        """,
        *_table(("name", "kind", "labels", "what it tells"), rows),
    )


def commands() -> str:
    """docs/cli.md."""
    program = typer.main.get_command(app)
    context = typer.Context(program, info_name="amq2api")
    lines = [cleandoc(program.help or ""), ""]
    for name in COMMANDS:
        lines += _commands(name, program, context)
    return _page("The command line", "\n".join(lines))


def simulator() -> str:
    """docs/simulator.md."""
    rows = [(f"`{name}`", summary) for name, summary in summaries().items()]
    return _page(
        "The simulator",
        """
        A pretend Amazon Q with its sign-in service, models and limits, so that everything can be
        tried and tested without AWS. It is written from the service's rules, not from the
        gateway's code, and refuses what the service is known to refuse.

            amq2api serve --demo                        # a gateway with one behind it
            amq2api serve --demo --no-account           # the same, to sign in from nothing
            amq2api simulate --profile classic          # one alone; prints the settings to use it
            amq2api simulate --scenario throttle:2      # refuses twice, then answers

        `--profile` chooses between the older deployment (`classic`) and the present one (`2026`),
        whose answers end with a stop reason, the share of the context window and the credits.

        A single request asks for a scenario with a line of its own in its text,
        `sim:NAME` or `sim:NAME:ARGUMENT`:

            amq2api chat "sim:slow:0.5"

        Refusals take how often they happen before an ordinary answer, and the seconds they
        announce: `sim:throttle-429:2,8`. Tests in other processes reach the simulator's state
        at `/__sim`: `GET` tells it, `POST` with a JSON object changes it: accounts with their
        plans, allowances, profiles and refusals, tokens and registrations that end, sign-ins
        approved or denied. `/device` is its sign-in page, where a person presses Approve.

        `/mcp` is its search of the web, with pages that are the same for the same words. The
        state's `web_search` and an account's own say who may search, `search_delay` how long it
        takes, `search_faults` what goes wrong next: a refusal's name, or one of `error`,
        `is-error`, `failed`, `no-json`, `no-text`, `other-id`, `garbage`.

        ## Scenarios
        """,
        *_table(("name", "what happens"), rows),
    )


def example() -> str:
    """.env.example."""
    lines = [
        "# Copy to .env, and take the # away from what you want to change. docs/settings.md is the",
        "# same as a table; `amq2api settings` shows what is in force.",
    ]
    for row in config.table():
        lines += ["", *wrap(f"# {row.help} Allowed: {row.allowed}.", 96, subsequent_indent="# ")]
        lines += [f"#{row.env}={row.default}"]
    return "\n".join(lines) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    ".env.example": example,
    "docs/settings.md": settings,
    "docs/errors.md": errors,
    "docs/metrics.md": metrics,
    "docs/cli.md": commands,
    "docs/simulator.md": simulator,
    "docs/fidelity.md": lambda: fidelity.page() + conformance.section(),
}
"""By the path from the project's root."""


def outdated() -> list[str]:
    """The names of the pages that do not say what the code says."""
    return [name for name, make in PAGES.items() if _read(ROOT / name) != make()]


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _page(title: str, text: str, *lines: str) -> str:
    return "\n".join([f"# {title}", "", _NOTICE, "", cleandoc(text), "", *lines]).rstrip() + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    written = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *written)]


def _commands(name: str, group: Any, context: typer.Context) -> Iterator[str]:
    command = group.get_command(context, name)
    own = typer.Context(command, info_name=name, parent=context)
    yield from (*_command(command, own), "")
    for below in command.list_commands(own) if hasattr(command, "list_commands") else ():
        yield from _commands(below, command, own)


def _command(command: Any, context: typer.Context) -> Iterator[str]:
    parameters = [p for p in command.get_params(context) if p.name != "help"]
    wanted = [p.metavar for p in parameters if p.param_type_name == "argument"]
    usage = " ".join([context.command_path, "[OPTIONS]", *wanted])
    yield from (f"## `{usage}`", "", cleandoc(command.help or ""), "")
    for parameter in parameters:
        yield f"- `{_spelled(parameter)}`: {parameter.help}{_default(parameter)}"


def _spelled(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    name = ", ".join(parameter.opts)
    return f"{name} {parameter.metavar}" if parameter.metavar else name


def _default(parameter: Any) -> str:
    value = parameter.default
    return "" if value in (None, False, ...) else f" Default: `{value}`."


def main(arguments: Sequence[str]) -> int:
    old = outdated()
    if "--check" in arguments:
        for name in old:
            sys.stderr.write(f"{name} has fallen behind the code: run scripts/docs\n")
        return 1 if old else 0
    for name in old:
        (ROOT / name).write_text(PAGES[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

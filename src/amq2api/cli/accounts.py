"""``amq2api accounts``: the list of accounts, and what can be done with one.

Everything acts on the files that a running gateway uses, too; it sees a change within a second.
"""

from typing import Annotated

import typer

from amq2api.accounts.model import Account
from amq2api.admin.office import Office

from .account_answers import examine, usage
from .account_words import ForPrograms, Which, listing, tell
from .app import TYPER, Complaint
from .asking import agree, credentials, members
from .desk import at_desk
from .naming import label, named
from .output import say_json

Name = Annotated[str | None, typer.Option(metavar="NAME", help="What people call it.")]
Arn = Annotated[
    str | None, typer.Option(metavar="ARN", help="Profile of an IAM Identity Center account.")
]
Region = Annotated[
    str | None, typer.Option(metavar="REGION", help="Region of the identity provider.")
]
StartUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="Where its owner signs in, for the record.")
]

command = typer.Typer(**TYPER, no_args_is_help=True)


@command.callback()
def accounts() -> None:
    """List accounts, add, change, test and remove them.

    They are those of the account file, which a running gateway reads, too: a change counts
    within a second.
    """


@command.command("list")
def list_(as_json: ForPrograms = False) -> None:
    """List the accounts; a dot marks the active one.

    The state is what the files tell: `amq2api accounts test` asks the service.
    """

    async def work(office: Office) -> None:
        listing(office, as_json=as_json)

    at_desk(work)


@command.command()
def add(
    name: Name = None,
    profile_arn: Arn = None,
    region: Region = None,
    start_url: StartUrl = None,
    json_file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(
            metavar="FILE",
            help='A JSON object with "refresh_token", "client_id" and "client_secret", perhaps with'
            " what is an option here; - is standard input.",
        ),
    ] = None,
    as_json: ForPrograms = False,
) -> None:
    """Add an account whose secrets you have; `amq2api login` gets new ones.

    Refresh token, client id and client secret are asked for without being shown. There are no
    options for them: the list of processes and the shell's history would have them.
    """
    options = {
        "name": name, "profile_arn": profile_arn, "region": region, "start_url": start_url,
    }  # fmt: skip
    fields = credentials(json_file) | {key: value for key, value in options.items() if value}

    async def work(office: Office) -> None:
        tell(office, await office.add(fields), "added", as_json=as_json)

    at_desk(work)


@command.command()
def activate(account: Which, as_json: ForPrograms = False) -> None:
    """Let an account serve; the next request uses it."""

    async def work(office: Office) -> None:
        changed = await office.activate(_meant(office, account).id)
        tell(office, changed, "serves now", as_json=as_json)

    at_desk(work)


@command.command()
def edit(
    account: Which,
    name: Name = None,
    enable: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether it may serve at all.")
    ] = None,
    profile_arn: Arn = None,
    region: Region = None,
    start_url: StartUrl = None,
    json_file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(
            metavar="FILE",
            help="A JSON object with members to replace, secrets too; - is standard input.",
        ),
    ] = None,
    as_json: ForPrograms = False,
) -> None:
    """Rename an account, enable or disable it, or replace what it signs in with.

    An empty text removes a name, a profile, a region or a start URL.
    """
    options = {
        "name": name, "enabled": enable, "profile_arn": profile_arn, "region": region,
        "start_url": start_url,
    }  # fmt: skip
    given = members(json_file) | {key: value for key, value in options.items() if value is not None}
    changes = {key: None if value == "" else value for key, value in given.items()}
    if not changes:
        raise Complaint("nothing to change; see `amq2api accounts edit --help`", 2)

    async def work(office: Office) -> None:
        changed = await office.edit(_meant(office, account).id, changes)
        tell(office, changed, "changed", as_json=as_json)

    at_desk(work)


@command.command()
def remove(
    account: Which,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: ForPrograms = False,
) -> None:
    """Remove an account. It asks first; where nobody can answer, --yes is needed."""

    async def work(office: Office) -> None:
        doomed = _meant(office, account)
        if not yes:
            agree(f"Remove {label(doomed)}? Its secrets are gone then.")
        await office.remove(doomed.id)
        if as_json:
            say_json({"id": doomed.id})
        else:
            typer.echo(f"{label(doomed)}: removed")

    at_desk(work)


command.command("test")(examine)
command.command()(usage)


def _meant(office: Office, wanted: str) -> Account:
    return named(office.accounts(), wanted)

"""``amq2api accounts test`` and ``usage``: what the service says of an account."""

from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from amq2api.accounts.model import Account
from amq2api.admin.envelope import row
from amq2api.admin.office import Office, Verdict
from amq2api.admin.remedies import remedy
from amq2api.admin.usage import Quota, Usage
from amq2api.errors import GatewayError

from .account_words import ForPrograms
from .app import Complaint
from .desk import at_desk, chosen
from .naming import label
from .output import failure, say_json, visible
from .tables import amount, bar, cell, day, show, table, waiting

Maybe = Annotated[
    str | None,
    typer.Argument(
        metavar="[ACCOUNT]",
        help="Its id, its name, or the beginning of its id; the active one if not given.",
    ),
]
Each = Annotated[bool, typer.Option("--all", help="All accounts, one after the other.")]


def examine(account: Maybe = None, each: Each = False, as_json: ForPrograms = False) -> None:
    """Renew an account's token and ask the service for its allowance, which costs nothing.

    Says what is wrong and what to do; the exit status is 0 only if all is well.
    """

    async def work(office: Office) -> bool:
        verdicts: list[tuple[Account, Verdict]] = []
        for tested in chosen(office, account, each=each):
            with waiting(f"testing {label(tested)}"):
                verdict = await office.test(tested.id)
            verdicts.append((tested, verdict))
            if not as_json:
                _show_verdict(tested, verdict)
        if as_json:
            _say([_whose(a) | msgspec.to_builtins(v) for a, v in verdicts], each=each)
        return all(verdict.ok for _, verdict in verdicts)

    if not at_desk(work):
        raise typer.Exit(1)


def usage(account: Maybe = None, each: Each = False, as_json: ForPrograms = False) -> None:
    """Show how much of its allowances an account has used, and when they are renewed.

    With --all an account that cannot be asked is told in its place; the exit status is then 1.
    """

    async def work(office: Office) -> bool:
        answers: list[tuple[Account, Usage | GatewayError]] = []
        for asked in chosen(office, account, each=each):
            with waiting(f"asking for {label(asked)}"):
                answer = await _asked(office, asked)
            if isinstance(answer, GatewayError) and not each:
                raise _explained(asked, answer)
            answers.append((asked, answer))
            if not as_json:
                _show_usage(asked, answer)
        if as_json:
            _say([_whose(a) | _told(answer) for a, answer in answers], each=each)
        return not any(isinstance(answer, GatewayError) for _, answer in answers)

    if not at_desk(work):
        raise typer.Exit(1)


async def _asked(office: Office, account: Account) -> Usage | GatewayError:
    try:
        return await office.usage(account.id)
    except GatewayError as failure:
        return failure


def _explained(account: Account, refusal: GatewayError) -> Complaint:
    wrong, todo, _ = remedy(refusal)
    words = f"{label(account)}: {wrong} {todo}\n{visible(str(refusal))}"
    return Complaint(words.rstrip(), kind=row(refusal).type)


def _show_verdict(account: Account, verdict: Verdict) -> None:
    mark, style = ("ok", "green") if verdict.ok else ("not ok", "red")
    lines = [Text.assemble((mark, style), f"  {label(account)}: ", cell(verdict.message))]
    lines += [cell(f"    {line}") for line in (verdict.remedy, verdict.detail) if line]
    show(*lines)


def _show_usage(account: Account, answer: Usage | GatewayError) -> None:
    if isinstance(answer, GatewayError):
        typer.echo(_explained(account, answer))
        return
    plan = f", {answer.plan}" if answer.plan else ""
    show(cell(f"{label(account)}{plan}"))
    if not answer.quotas:
        typer.echo("  The service names no allowance.")
        return
    shown = table("allowance", "", "used", "of", "renewed")
    for quota in answer.quotas:
        percent = "" if quota.percent is None else f"{quota.percent:.0f} %"
        shown.add_row(
            cell(quota.name), Text.assemble(bar(quota.percent), " ", percent),
            amount(quota.used), amount(quota.limit), _renewal(quota),
        )  # fmt: skip
    show(shown)


def _renewal(quota: Quota) -> str:
    if quota.expires_at is not None:
        return f"ends {day(quota.expires_at)}"
    return day(quota.resets_at)


def _whose(account: Account) -> dict[str, Any]:
    return {"id": account.id, "name": account.name}


def _told(answer: Usage | GatewayError) -> dict[str, Any]:
    if isinstance(answer, GatewayError):
        return {"error": failure(answer)}
    told: dict[str, Any] = msgspec.to_builtins(answer)
    return told


def _say(told: list[dict[str, Any]], *, each: bool) -> None:
    say_json(told if each else told[0])

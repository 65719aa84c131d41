"""account.json as a text, and each change to it as a function of its entries.

Every change keeps members it does not know and the order of those it finds, and ends in
:func:`settled`: exactly one entry is active, and each has an id. Source: design.md 7.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from amq2api.errors import BadRequest, Conflict, GatewayError, NotFound

from .model import Account, Entry, EntryProblem, read_entry

_ORDER = (
    "id", "refresh_token", "client_id", "client_secret", "profile_arn", "name", "is_active",
    "created_at",
)  # fmt: skip
_SAME_ID = "an account with this id is already in the list"
_SEEN_BEFORE = "an account that was added with this refresh token is already in the list"
_TWICE = "an account with this refresh token is already in the list"


class StoreBroken(GatewayError):
    """account.json cannot be understood; until someone mends it, it is not written either.

    *line* and *column* begin at 1; None where the text is JSON, but of the wrong shape.
    """

    def __init__(
        self, message: str = "", *, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.line, self.column = line, column


def parse(
    raw: bytes, *, name: str, opened: Callable[[list[Any]], list[Any]] = lambda entries: entries
) -> list[Entry]:
    """Read the whole file; nothing but space is an empty list.

    Args:
        name: What to call the file in errors.
        opened: Makes encrypted members plain; raises EntryProblem where it cannot.

    Raises:
        StoreBroken: it is no JSON list of accounts.
    """
    try:
        # Editors on Windows like to begin with a byte order mark.
        text = raw.decode("utf-8-sig")
        entries = json.loads(text) if text.strip() else []
    except UnicodeDecodeError as exc:
        before = raw[: exc.start]
        line, column = before.count(b"\n") + 1, exc.start - before.rfind(b"\n")
        raise _broken_at(name, line, column, "not UTF-8 text") from exc
    except json.JSONDecodeError as exc:
        raise _broken_at(name, exc.lineno, exc.colno, exc.msg) from exc
    except (ValueError, RecursionError) as exc:  # a number or a nesting beyond all sense
        raise StoreBroken(f"{name}: cannot be read as JSON") from exc
    if not isinstance(entries, list):
        raise StoreBroken(f"{name}: must hold a list of accounts")
    try:
        entries = opened(entries)
        accounts(entries)
    except EntryProblem as exc:
        raise StoreBroken(f"{name}: {exc}") from exc
    return entries


def render(entries: list[Entry]) -> bytes:
    """The text of the file: indented, and in the letters people wrote."""
    try:
        return (json.dumps(entries, indent=2, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:  # half a surrogate pair has no place in UTF-8
        return (json.dumps(entries, indent=2) + "\n").encode()


def accounts(entries: list[Entry]) -> tuple[Account, ...]:
    """Raise EntryProblem where an entry cannot be read or repeats an id."""
    found: dict[str, Account] = {}
    for index, entry in enumerate(entries, 1):
        account = read_entry(entry, index)
        if account.id in found:
            raise EntryProblem(index, "id", "is already that of another entry")
        found[account.id] = account
    return tuple(found.values())


def settled(entries: list[Entry]) -> list[Entry]:
    """The same accounts with an id each and exactly one active: the first so flagged, or the first.

    Raises:
        BadRequest: an entry has become unreadable.
    """
    try:
        known = accounts(entries)
    except EntryProblem as exc:
        raise BadRequest(str(exc), field=exc.key or None) from exc
    active = next((account.id for account in known if account.is_active), None)
    active = active or next((account.id for account in known), None)
    return [
        _stated(entry, account, active=account.id == active)
        for entry, account in zip(entries, known, strict=True)
    ]


def added(entries: list[Entry], fields: Mapping[str, Any]) -> list[Entry]:
    """With one more account, at the end; one that comes as active takes over.

    Raises:
        BadRequest: it cannot be read.
        Conflict: its id or its refresh token is already here, or was when the account that had
            it was added. Two entries of one refresh token would void each other's tokens
            (upstream-protocol.md 5.5).
    """
    ordered = sorted(fields, key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER))
    entry = {key: fields[key] for key in ordered}
    try:
        new, known = read_entry(entry, len(entries) + 1), accounts(entries)
    except EntryProblem as exc:
        raise BadRequest(str(exc), field=exc.key or None) from exc
    if any(account.refresh_token == new.refresh_token for account in known):
        raise Conflict(_TWICE, field="refresh_token")
    if any(account.id == new.id for account in known):
        if entry.get("id"):
            raise Conflict(_SAME_ID, field="id")
        raise Conflict(_SEEN_BEFORE, field="refresh_token")  # which its id is derived from
    grown = settled([*entries, entry])
    return activated(grown, new.id) if new.is_active else grown


def added_all(
    entries: list[Entry], newcomers: Sequence[Entry]
) -> tuple[list[Entry], list[str], list[tuple[str, str]]]:
    """With those of *newcomers* that can be read and are not here yet.

    Which one is active is theirs to say only where nobody was before: an import must not turn
    the traffic to another seat.

    Returns:
        The entries, the ids of the new ones, and of the others what they are called and why not.
    """
    known = accounts(entries)
    seats = {account.refresh_token for account in known}
    ids = {account.id for account in known}
    grown, fresh, passed = list(entries), list[str](), list[tuple[str, str]]()
    for index, newcomer in enumerate(newcomers, 1):
        try:
            account = read_entry(newcomer, index)
        except EntryProblem as exc:
            passed.append((_called(newcomer, index), str(exc)))
            continue
        if account.refresh_token in seats or account.id in ids:
            why = _TWICE if account.refresh_token in seats else _SAME_ID
            passed.append((account.name or account.id, why))
            continue
        seats.add(account.refresh_token)
        ids.add(account.id)
        fresh.append(account.id)
        grown.append(newcomer | {"is_active": False} if known else newcomer)
    return settled(grown), fresh, passed


def updated(entries: list[Entry], wanted: str, changes: Mapping[str, Any]) -> list[Entry]:
    """With members of one entry replaced; None removes one.

    Raises:
        NotFound: no entry has this id.
        BadRequest: the entry would be unreadable, or the change has an operation of its own.
        Conflict: another entry has this refresh token.
    """
    if fixed := sorted({"id", "is_active"} & set(changes)):
        raise BadRequest(f"{fixed[0]} cannot be changed by an update")
    place = _place(entries, wanted)
    token = changes.get("refresh_token")
    if any(a.refresh_token == token and a.id != wanted for a in accounts(entries)):
        raise Conflict(_TWICE, field="refresh_token")
    # The id is pinned first: one derived from the refresh token must outlive a change of it.
    entries = settled(entries)
    entry = entries[place] | dict(changes)
    entries[place] = {
        key: value for key, value in entry.items() if key not in changes or value is not None
    }
    return settled(entries)


def removed(entries: list[Entry], wanted: str) -> list[Entry]:
    place = _place(entries, wanted)
    return settled(entries[:place] + entries[place + 1 :])


def activated(entries: list[Entry], wanted: str) -> list[Entry]:
    place = _place(entries, wanted)
    return settled([
        entry | {"is_active": index == place} for index, entry in enumerate(entries)
    ])  # fmt: skip


def rotated(
    entries: list[Entry], wanted: str, *, spent: Collection[str], fresh: str
) -> list[Entry] | None:
    """With *fresh* in the place of a spent refresh token; None if another one stands there."""
    for account in accounts(entries):
        if account.id == wanted and account.refresh_token in spent:
            return updated(entries, wanted, {"refresh_token": fresh})
    return None


def _place(entries: list[Entry], wanted: str) -> int:
    for place, account in enumerate(accounts(entries)):
        if account.id == wanted:
            return place
    raise NotFound("no account in account.json has this id")


def _called(entry: object, index: int) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) and name else f"entry {index}"


def _stated(entry: Entry, account: Account, *, active: bool) -> Entry:
    stated = dict(entry)
    if str(entry.get("id")).strip() != account.id:
        stated = {"id": account.id} | stated | {"id": account.id}
    if account.is_active != active:
        stated["is_active"] = active
    return stated


def _broken_at(name: str, line: int, column: int, what: str) -> StoreBroken:
    return StoreBroken(f"{name}, line {line}, column {column}: {what}", line=line, column=column)

"""The settings: nonsense, and names that are nobody's."""

from collections.abc import Iterator

from amq2api.cli.app import Complaint
from amq2api.cli.reading import client_keys
from amq2api.config import BadSetting, Settings, Stranger, load, strangers

from .check import Check

_SETTINGS, _KEYS = "settings", "client_keys"


def settings() -> Settings | Check:
    """What is in force, or why nothing can be."""
    try:
        return load()
    except BadSetting as exc:
        return Check(
            _SETTINGS, "problem", str(exc),
            "Correct the variable, in the environment or in .env; `amq2api settings --help`.",
        )  # fmt: skip


def checks(given: Settings) -> Iterator[Check]:
    try:
        found = strangers()
    except BadSetting as exc:
        yield Check(_SETTINGS, "problem", str(exc), "Save .env as UTF-8 text.")
        return
    yield from map(_stranger, found)
    if not any(stranger.meant for stranger in found):
        yield Check(_SETTINGS, "ok", "Every setting makes sense.")
    yield _keys(given)


def _stranger(stranger: Stranger) -> Check:
    if stranger.meant is None:
        return Check(
            _SETTINGS, "note", f"{stranger.name} is no setting, and is ignored.",
            "Remove it, if it was meant for amq2api; `amq2api settings` lists what there is.",
        )  # fmt: skip
    return Check(
        _SETTINGS, "problem", f"{stranger.name} is no setting, and is ignored.",
        f"Probably {stranger.meant} is meant: rename it.",
    )  # fmt: skip


def _keys(given: Settings) -> Check:
    try:
        count = len(client_keys(given))
    except Complaint as exc:
        return Check(_KEYS, "problem", str(exc), "Put one key a line into it, or remove it.")
    if count:
        return Check(_KEYS, "ok", f"Clients must show a key; there {_are(count)}.")
    path = given.api_key_file
    if path is not None and not path.exists():
        return Check(_KEYS, "ok", "A key will be made at the next start.", about=str(path))
    if given.public:
        return Check(
            _KEYS, "problem",
            "The address can be reached from other machines, but there is no client key.",
            "Set AMQ2API_API_KEYS or AMQ2API_API_KEY_FILE; the gateway does not start without.",
        )  # fmt: skip
    return Check(_KEYS, "ok", "None, and none is needed: only this machine can reach the address.")


def _are(count: int) -> str:
    return "is one" if count == 1 else f"are {count}"

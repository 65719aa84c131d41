"""Logins of other programs, told from what they keep. Source: upstream-protocol.md 5.6.

Everything here is somebody else's file: what is not as expected is explained, never an error.
"""

import json
import re
from collections.abc import Iterable, Mapping

from .candidate import SOCIAL, UNREADABLE, Candidate, Found, Object, judged, text

_SNAKE = re.compile(r"(?<=[a-z])[A-Z]")

TOKEN_KEYS = (
    "kirocli:odic:token", "kirocli:oidc:token", "kirocli:social:token", "codewhisperer:odic:token",
)  # fmt: skip
"""Where the command-line programs keep their tokens; the misspelling is theirs."""
REGISTRATION_KEYS = (
    "kirocli:odic:device-registration", "kirocli:oidc:device-registration",
    "codewhisperer:odic:device-registration",
)  # fmt: skip
PROFILE_KEY = "api.codewhisperer.profile"
KIRO_IDE_FILE = "kiro-auth-token.json"


def from_cli(program: str, rows: Mapping[str, str], profile: str, now: float) -> list[Candidate]:
    """The logins of Amazon Q CLI or Kiro CLI.

    Args:
        rows: The values of :data:`TOKEN_KEYS` and :data:`REGISTRATION_KEYS` that are there.
        profile: The value of :data:`PROFILE_KEY`; empty if it is not there.
        now: Unix time in seconds.
    """
    arn = text(_object(profile) or {}, "arn")
    candidates = [_of_row(program, key, rows, arn, now) for key in TOKEN_KEYS if key in rows]
    return _each_once(candidates)


def from_cache(files: Mapping[str, str], now: float) -> list[Candidate]:
    """The logins in ``~/.aws/sso/cache``.

    Args:
        files: Text of each file by its name.
    """
    objects = {name: _object(raw) for name, raw in files.items()}
    known = {name: found for name, found in objects.items() if found is not None}
    candidates = [
        Candidate(name, why_not=UNREADABLE) for name in sorted(objects.keys() - known.keys())
    ]
    for name in sorted(known, key=lambda name: (name != KIRO_IDE_FILE, name)):
        if _is_token(_snake_case(known[name])):
            candidates.append(_of_file(name, known, now))
    return _each_once(candidates)


def _of_row(
    program: str, key: str, rows: Mapping[str, str], profile_arn: str, now: float
) -> Candidate:
    if (token := _object(rows[key])) is None:
        return Candidate(f"{program}: {key}", why_not=UNREADABLE)
    if ":social:" in key:
        return Candidate(f"{program}: {text(token, 'provider') or 'social'}", why_not=SOCIAL)
    # Whoever writes one of the spellings may have read the other.
    spelling = key.removesuffix(":token") + ":device-registration"
    same_program = key.partition(":")[0] + ":"
    others = [k for k in REGISTRATION_KEYS if k.startswith(same_program) and k != spelling]
    row = next((rows[k] for k in (spelling, *others) if k in rows), "")
    return judged(Found(program, token, _object(row) or {}, profile_arn), now)


def _of_file(name: str, files: Mapping[str, Object], now: float) -> Candidate:
    token = _snake_case(files[name])
    if name != KIRO_IDE_FILE:
        client, alike = _client_of(token, files)
        arn = text(token, "profile_arn")
        return judged(Found("AWS SSO cache", token, client, arn, False, name, alike), now)
    method, provider = text(token, "auth_method").lower(), text(token, "provider")
    if method != "idc":
        # External identity providers and whatever comes next have renewals of their own.
        why_not = SOCIAL if method == "social" else UNREADABLE
        return Candidate(f"Kiro: {provider or method or name}", why_not=why_not)
    named = files.get(f"{text(token, 'client_id_hash')}.json", {})
    client = _registered(_snake_case(named))
    return judged(Found("Kiro", token, client, text(token, "profile_arn")), now)


def _client_of(token: Object, files: Mapping[str, Object]) -> tuple[Object, bool]:
    """The client registration, empty if unknown, and whether it is a guess."""
    if text(token, "client_id"):
        return {**token, "client_secret_expires_at": token.get("registration_expires_at")}, False
    named = files.get(f"{text(token, 'client_id_hash')}.json")
    if named is not None:
        return _registered(_snake_case(named)), False
    # The language servers name a registration's file by a hash of region, start URL and a
    # client's name that is nowhere told: such a file is found only if it is alone.
    clients = [_snake_case(file) for file in files.values()]
    clients = [client for client in clients if "client_id" in client and not _is_token(client)]
    place = [text(token, "start_url"), text(token, "region")]
    same = [c for c in clients if [text(c, "start_url"), text(c, "region")] == place]
    silent = [c for c in clients if not (text(c, "start_url") or text(c, "region"))]
    found = same if all(place) and same else silent
    return (_registered(found[0]), found is silent) if len(found) == 1 else ({}, False)


def _registered(client: Object) -> Object:
    return {**client, "client_secret_expires_at": client.get("expires_at")}


def _each_once(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Without those that have the refresh token of one before them."""
    seen = set[str]()
    kept = []
    for candidate in candidates:
        token = (candidate.fields or {}).get("refresh_token")
        if token is None or token not in seen:
            kept.append(candidate)
        if token is not None:
            seen.add(token)
    return kept


def _is_token(found: Object) -> bool:
    return "access_token" in found or "refresh_token" in found


def _object(raw: str) -> Object | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _snake_case(found: Object) -> Object:
    return {_SNAKE.sub(r"_\g<0>", key).lower(): value for key, value in found.items()}

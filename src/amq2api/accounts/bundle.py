"""Accounts on their way to another installation, encrypted with a passphrase.

A bundle is one JSON object::

    {"format": "amq2api-export", "version": 1, "created_at": 1760000000, "accounts": 2,
     "kdf": {"name": "scrypt", "n": 131072, "r": 8, "p": 1, "salt": "<base64>"},
     "cipher": "AES-256-GCM", "nonce": "<base64>", "ciphertext": "<base64>"}

What is encrypted is the list of entries as JSON; the readable part is authenticated with it.
"""

import json
import os
from typing import Annotated, Any, Final, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from amq2api.errors import BadRequest

from .model import Entry
from .sealing import NONCE, stretched

FORMAT: Final = "amq2api-export"
VERSION: Final = 1
COST = 2**17
"""scrypt's N: a guess at the passphrase costs 128 MiB and about half a second. More than for the
key at rest, because a bundle travels and is opened once."""
# Whoever made a bundle chose how much memory and time it takes to open: this is where we stop.
_MOST = 2 * COST


class _Kdf(msgspec.Struct, frozen=True):
    name: Literal["scrypt"]
    n: Annotated[int, msgspec.Meta(ge=2, le=_MOST)]
    r: Literal[8]
    p: Literal[1]
    salt: Annotated[bytes, msgspec.Meta(min_length=16, max_length=64)]


class _Bundle(msgspec.Struct, frozen=True):
    format: Literal["amq2api-export"]
    version: Literal[1]
    created_at: int
    accounts: int
    kdf: _Kdf
    cipher: Literal["AES-256-GCM"]
    nonce: Annotated[bytes, msgspec.Meta(min_length=NONCE, max_length=NONCE)]
    ciphertext: bytes


def pack(entries: list[Entry], passphrase: str, *, now: float, cost: int = COST) -> dict[str, Any]:
    """Blocks for half a second: on an event loop, call it in a thread.

    Args:
        entries: As ``FileStore.entries`` has them, secrets in plain.
        now: Unix time in seconds.
        cost: See :data:`COST`.
    """
    bundle = _Bundle(
        FORMAT, VERSION, int(now), len(entries), _Kdf("scrypt", cost, 8, 1, os.urandom(16)),
        "AES-256-GCM", os.urandom(NONCE), b"",
    )  # fmt: skip
    # ASCII, because text of ours may hold half a surrogate pair.
    plain = json.dumps(entries).encode()
    closed = _cipher(bundle, passphrase).encrypt(bundle.nonce, plain, _readable(bundle))
    packed: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(bundle, ciphertext=closed))
    return packed


def unpack(bundle: object, passphrase: str) -> list[Entry]:
    """The entries that :func:`pack` was given. Blocks as it does.

    Raises:
        BadRequest: it is no bundle, a newer one, or not for this passphrase.
    """
    read = _read(bundle)
    try:
        plain = _cipher(read, passphrase).decrypt(read.nonce, read.ciphertext, _readable(read))
    except InvalidTag:
        raise BadRequest("wrong passphrase, or the bundle is damaged", field="passphrase") from None
    return _entries(plain)


def _read(bundle: object) -> _Bundle:
    if not isinstance(bundle, dict) or bundle.get("format") != FORMAT:
        raise BadRequest("this is no bundle of amq2api export", field="bundle")
    version = bundle.get("version")
    if isinstance(version, int) and version > VERSION:
        raise BadRequest("the bundle was made by a newer version of amq2api", field="bundle")
    try:
        read = msgspec.convert(bundle, _Bundle)
    except msgspec.ValidationError as exc:
        raise BadRequest(f"the bundle is damaged: {exc}", field="bundle") from exc
    if read.kdf.n.bit_count() != 1:
        raise BadRequest("the bundle is damaged: kdf.n is no power of two", field="bundle")
    return read


def _entries(plain: bytes) -> list[Entry]:
    try:
        entries = json.loads(plain)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadRequest("the bundle holds no list of accounts", field="bundle")
    return entries


def _cipher(bundle: _Bundle, passphrase: str) -> AESGCM:
    return AESGCM(stretched(passphrase, bundle.kdf.salt, cost=bundle.kdf.n))


def _readable(bundle: _Bundle) -> bytes:
    """What is authenticated, in a spelling that survives other programs' JSON."""
    return msgspec.json.encode(msgspec.structs.replace(bundle, ciphertext=b""))

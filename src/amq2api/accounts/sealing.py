"""Secrets as they stand in files: in the open, or as ``enc:v1:…`` under the operator's key.

AES-256-GCM. A sealed value is the base64url of nonce, ciphertext and tag; it opens only under the
name of the member it was sealed for, so that none can be put in the place of another.
"""

import base64
import os
import threading
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from amq2api.errors import GatewayError

MARK = "enc:"
"""What every sealed value begins with. No secret that Amazon gives out does."""
NONCE, TAG = 12, 16
COST = 2**15
"""scrypt's N for the key: a guess at it costs 32 MiB and about a tenth of a second."""

_FORMAT = f"{MARK}v1:"
# The setting may be a passphrase, so a guess at it must cost something. The salt is the same
# everywhere: there is no third place to keep one in that both files and every process on them
# know, and one in each value would make opening each value as slow as a guess.
_SALT = b"amq2api secrets at rest, v1"


class SealBroken(GatewayError):
    """A sealed value cannot be opened. Names the member, never the value."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} {why}")
        self.what, self.why = what, why


def is_sealed(text: str) -> bool:
    """Whether it claims to be; any version counts, so that a newer one is never sealed again."""
    return text.strip().startswith(MARK)


def stretched(secret: str, salt: bytes, *, cost: int) -> bytes:
    """A 256-bit key from what a person may have chosen (scrypt, RFC 7914). Takes its time.

    The same letters typed on different systems give the same key (Unicode NFC).

    Args:
        cost: scrypt's N, a power of two; r is 8 and p is 1.
    """
    letters = unicodedata.normalize("NFC", secret).encode(errors="surrogatepass")
    return Scrypt(salt=salt, length=32, n=cost, r=8, p=1).derive(letters)


class Seal:
    """One key. Making it is free: the key is derived, once, when it is first needed.

    Args:
        secret: The setting, a random key or a passphrase.
        cost: See :data:`COST`; values sealed with another one do not open.
    """

    def __init__(self, secret: str, *, cost: int = COST) -> None:
        self._secret, self._cost = secret, cost
        self._made: AESGCM | None = None
        self._deriving = threading.Lock()

    def seal(self, plain: str, what: str) -> str:
        """A different text each time.

        Args:
            what: The name of the member it will stand in.
        """
        nonce = os.urandom(NONCE)
        closed = self._cipher().encrypt(nonce, _bytes(plain), _bytes(what))
        return _FORMAT + base64.urlsafe_b64encode(nonce + closed).decode().rstrip("=")

    def open(self, sealed: str, what: str) -> str:
        """Raise SealBroken if it is not what :meth:`seal` made for *what* under this key."""
        raw = _unpacked(sealed.strip(), what)
        try:
            plain = self._cipher().decrypt(raw[:NONCE], raw[NONCE:], _bytes(what))
        except InvalidTag:
            raise SealBroken(
                what,
                "is encrypted with another key than AMQ2API_ENCRYPTION_KEY, or damaged: set the"
                " key it was encrypted with, or put the plain value in its place",
            ) from None
        return plain.decode(errors="surrogatepass")

    def _cipher(self) -> AESGCM:
        with self._deriving:
            if self._made is None:
                self._made = AESGCM(stretched(self._secret, _SALT, cost=self._cost))
            return self._made


class Opened(NamedTuple):
    """A value made plain."""

    plain: str
    settled: bool
    """Whether it stands in the file as it ought to: sealed under the key in force, or, where
    there is no key, in the open."""


@dataclass(frozen=True, slots=True)
class Custody:
    """How a file keeps its secrets.

    While a key is being replaced, what *earlier* sealed opens too, but is not settled.
    """

    seal: Seal | None = None
    earlier: Seal | None = None

    def opened(self, text: str, what: str) -> Opened:
        """Raise SealBroken where no key opens it."""
        if not is_sealed(text):
            return Opened(text, self.seal is None)
        if self.seal is not None:
            try:
                return Opened(self.seal.open(text, what), True)
            except SealBroken:
                if self.earlier is None:
                    raise
        if self.earlier is not None:
            return Opened(self.earlier.open(text, what), False)
        raise SealBroken(
            what,
            "is encrypted, and there is no key: set AMQ2API_ENCRYPTION_KEY to the one it was"
            " encrypted with",
        )

    def closed(self, plain: str, what: str) -> str:
        """As it ought to stand in the file."""
        return plain if self.seal is None else self.seal.seal(plain, what)


def _unpacked(sealed: str, what: str) -> bytes:
    version, text = sealed[: len(_FORMAT)], sealed[len(_FORMAT) :]
    if version != _FORMAT:
        raise SealBroken(what, "is encrypted in a way that this version does not know")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raw = b""
    # The decoder passes over strange letters and stray bits at the end: only the one spelling
    # that seal() writes is accepted.
    spelled = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    if spelled != text or len(raw) < NONCE + TAG:
        raise SealBroken(what, "is damaged: it begins as an encrypted value, but is none")
    return raw


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")

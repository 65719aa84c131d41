"""Tokens and their descent: which came of which, and which of two is the newer."""

from dataclasses import dataclass, field, replace

from .model import Account, Token, fingerprint

_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Minted:
    """A token, and which configured refresh token it descends from."""

    token: Token
    seed: str
    """Fingerprint of the refresh token as configured when this was minted."""
    spent: tuple[str, ...] = field(default=(), repr=False)
    """Fingerprints of earlier refresh tokens of the line, newest last. A call that read the
    configuration just before a rotation still holds one of them; without this it would be
    taken for an edit by hand and spend a dead token."""

    def serves(self, account: Account) -> bool:
        """Whether it descends from the refresh token configured now: one put in by hand wins."""
        configured = fingerprint(account.refresh_token)
        return configured in (self.seed, fingerprint(self.token.refresh), *self.spent)

    def is_newer(self, other: "Minted") -> bool:
        """Whether it was minted after *other*. Descent tells; the clock, which may have been set
        back between the two, only where the refresh token has stayed the same."""
        mine, theirs = fingerprint(self.token.refresh), fingerprint(other.token.refresh)
        if mine != theirs:
            if theirs in (self.seed, *self.spent):
                return True
            if mine in (other.seed, *other.spent):
                return False
        return self.token.expires_at > other.token.expires_at

    def followed_by(self, token: Token, account: Account) -> "Minted":
        line = [*self.spent, self.seed, fingerprint(self.token.refresh)]
        return replace(first(token, account), spent=tuple(dict.fromkeys(line))[-_REMEMBERED:])


def newest(*found: Minted | None) -> Minted | None:
    """The one minted last, the earlier named where that cannot be told."""
    last: Minted | None = None
    for minted in found:
        if last is None or (minted is not None and minted.is_newer(last)):
            last = minted
    return last


def first(token: Token, account: Account) -> Minted:
    """The first of a line, or one that has just been written into the configuration."""
    return Minted(token, fingerprint(account.refresh_token))

"""Why someone is not let in."""

from amq2api.errors import BadRequest, KeyRefused, OriginRefused, RateLimited


class NotSignedIn(KeyRefused):
    """There is no session where one is needed."""


class WrongPassword(KeyRefused):
    """Not the password."""


class SetupRefused(OriginRefused):
    """Not the setup token, or none is waiting."""


class LockedOut(RateLimited):
    """Too many failures; *retry_after* says how long the pause lasts."""


class PassphraseRefused(BadRequest):
    """It does not open the bundle, or the bundle is damaged; nobody can tell which."""

"""Who may use the admin side, and what has to be shown for it.

On this machine alone, and as long as no password is set, everyone who can reach the port
("open"). Everywhere else a password is asked for; the first one is chosen with a token that is
printed when the gateway starts, so that the first visitor cannot make the place his own.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from amq2api.accounts.adminfile import AdminFile, Credentials
from amq2api.errors import BadRequest, Conflict, OriginRefused
from amq2api.log import log
from amq2api.wire import origin

from . import passwords, sessions
from .barred import NotSignedIn, SetupRefused, WrongPassword
from .lockout import Lockout
from .sender import Scope, address, is_forwarded, is_secure
from .sessions import Session

State: TypeAlias = Literal["open", "setup", "signed_out", "signed_in"]

_MOST_SIGNED_OUT = 500


@dataclass(frozen=True, slots=True)
class Entered:
    """What a request for a session led to."""

    state: State
    cookies: tuple[str, ...]
    """``Set-Cookie`` lines of the answer."""


class Access:
    """Belongs to one event loop; what blocks on the disk or computes long is done in threads.

    Args:
        public: Whether other machines can reach the address.
        allowed_hosts: Names under which a reverse proxy offers the gateway.
        now: Unix time in seconds.
    """

    def __init__(
        self,
        *,
        public: bool,
        allowed_hosts: Iterable[str],
        file: AdminFile,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.hosts = origin.names(allowed_hosts)
        self.any_host = public and not self.hosts
        """Whether the Host header proves nothing: the password has to."""
        self._password_wanted = public or bool(self.hosts)
        self._file, self._now = file, now
        self._passwords, self._lockout = passwords.Passwords(), Lockout()

    def state(self, scope: Scope) -> State:
        """Where the sender of this request stands.

        Raises:
            AdminFileBroken: nobody can tell.
            OriginRefused: it came through a proxy that nobody told us of.
        """
        return self._state(scope, self._file.read())

    @property
    def password_set(self) -> bool:
        """Raises AdminFileBroken."""
        return self._file.read().password is not None

    def enter(self, scope: Scope) -> str | None:
        """Let a request in where only the operator may go.

        Returns:
            A ``Set-Cookie`` line, if the session's cookie is due to be renewed.

        Raises:
            NotSignedIn: a password has to be shown, or chosen, first.
        """
        credentials = self._file.read()
        match self._state(scope, credentials):
            case "setup":
                raise NotSignedIn(
                    "no password is set yet: choose one with the setup token that was printed when"
                    " the gateway started"
                )
            case "signed_out":
                raise NotSignedIn("sign in first")
        session = self._session(scope, credentials)
        renewed = session.renewed(self._now()) if session else None
        return self._cookie(scope, renewed, credentials) if renewed else None

    def new_setup_token(self) -> str | None:
        """A fresh token, which makes earlier ones void; None where none is needed. Blocks.

        Raises:
            AdminFileBroken, StorageFailed: it cannot be kept.
        """
        if not self._password_wanted or self._file.read().password is not None:
            return None
        token = passwords.new_token()
        kept = self._file.change(
            lambda found: found if found.password else replace(
                found, setup_token=passwords.token_hash(token)
            )
        )  # fmt: skip
        return None if kept.password else token

    async def sign_in(self, scope: Scope, password: str) -> Entered:
        """Begin a session.

        Raises:
            WrongPassword: it is not the one.
            Conflict: there is none.
            LockedOut: there were too many wrong ones before.
        """
        credentials = self._file.read()
        if credentials.password is None:
            raise Conflict("no password is set")
        if not await self._proves(scope, credentials, password):
            raise WrongPassword("this is not the password")
        log.info("admin.signed_in", address=address(scope))
        return self._began(scope, credentials)

    async def set_up(self, scope: Scope, token: str, password: str) -> Entered:
        """Choose the first password.

        Raises:
            SetupRefused: the token is not the one, or none is waiting.
            Conflict: there is a password already, or none is needed.
            BadRequest: the password cannot be used.
            LockedOut: there were too many wrong tokens before.
        """
        credentials = self._file.read()
        if self._state(scope, credentials) != "setup":
            raise Conflict("there is nothing to set up")
        passwords.checked(password)
        if credentials.setup_token is None:
            raise SetupRefused(
                "no setup token is waiting: restart the gateway, which prints one, or run"
                " `amq2api password`"
            )
        who = self._who(scope, credentials)
        self._lockout.attempt(who)
        if not passwords.token_fits(token, credentials.setup_token):
            log.warning("admin.refused", why="setup token", address=address(scope))
            raise SetupRefused("this is not the setup token that was printed last")
        self._lockout.succeeded(who)
        return await self._set_password(scope, credentials, password)

    async def change_password(self, scope: Scope, current: str | None, password: str) -> Entered:
        """Choose another password, or the first one where none is needed; ends all sessions.

        Raises:
            NotSignedIn: only the operator may.
            BadRequest: *current* is not the password, or the new one cannot be used.
            LockedOut: there were too many wrong ones before.
        """
        credentials = self._file.read()
        if self._state(scope, credentials) not in ("open", "signed_in"):
            raise NotSignedIn("sign in first")
        passwords.checked(password)
        if credentials.password is not None and not await self._proves(
            scope, credentials, current or ""
        ):
            raise BadRequest("current: is not the password", field="current")
        return await self._set_password(scope, credentials, password)

    async def sign_out(self, scope: Scope) -> Entered:
        """End the session: its cookie is void from now on, wherever a copy of it may be."""
        credentials = self._file.read()
        session = self._session(scope, credentials)
        if session is not None:
            credentials = await asyncio.to_thread(self._file.change, self._without(session))
        set_ = credentials.password is not None
        state: State = "signed_out" if set_ else self._state(scope, credentials)
        return Entered(state, (sessions.no_cookie(secure=is_secure(scope)),))

    def _state(self, scope: Scope, credentials: Credentials) -> State:
        if credentials.password is None:
            if self._password_wanted:
                return "setup"
            if is_forwarded(scope):
                raise OriginRefused(
                    "this came through a proxy, and there is no admin password: list the proxy's"
                    " host in AMQ2API_ALLOWED_HOSTS and restart, or run `amq2api password`"
                )
            return "open"
        return "signed_in" if self._session(scope, credentials) else "signed_out"

    def _session(self, scope: Scope, credentials: Credentials) -> Session | None:
        now, secret = self._now(), credentials.session_secret
        for value in sessions.values(scope["headers"], sessions.NAME):
            session = sessions.opened(value, secret)
            if (
                session is not None
                and session.generation == credentials.generation
                and session.id not in credentials.signed_out
                and now < session.ends
            ):
                return session
        return None

    async def _proves(self, scope: Scope, credentials: Credentials, password: str) -> bool:
        who = self._who(scope, credentials)
        self._lockout.attempt(who)
        if await self._passwords.fits(password, credentials.password or ""):
            self._lockout.succeeded(who)
            return True
        log.warning("admin.refused", why="wrong password", address=address(scope))
        return False

    async def _set_password(self, scope: Scope, seen: Credentials, password: str) -> Entered:
        kept = await self._passwords.hashed(password)

        def change(found: Credentials) -> Credentials:
            # Two browsers can be at it at once; a token or a password opens one change only.
            if (found.generation, found.setup_token) != (seen.generation, seen.setup_token):
                raise Conflict("the password has been changed by someone else meanwhile")
            return found.with_password(kept)

        changed = await asyncio.to_thread(self._file.change, change)
        log.info("admin.password_set", address=address(scope))
        return self._began(scope, changed)

    def _began(self, scope: Scope, credentials: Credentials) -> Entered:
        secret, secure = credentials.session_secret, is_secure(scope)
        session = sessions.begun(credentials.generation, self._now())
        return Entered(
            "signed_in",
            (
                self._cookie(scope, session, credentials),
                sessions.cookie_of_the_known(secret, secure=secure),
            ),
        )

    def _cookie(self, scope: Scope, session: Session, credentials: Credentials) -> str:
        return sessions.cookie(
            session, credentials.session_secret, now=self._now(), secure=is_secure(scope)
        )

    def _without(self, session: Session) -> Callable[[Credentials], Credentials]:
        def change(found: Credentials) -> Credentials:
            now = self._now()
            over = {id_: ends for id_, ends in found.signed_out.items() if ends > now}
            over[session.id] = session.began + sessions.LONGEST
            if len(over) > _MOST_SIGNED_OUT:
                # Rather all sessions end than one that was ended comes back.
                return replace(found, generation=found.generation + 1, signed_out={})
            return replace(found, signed_out=over)

        return change

    def _who(self, scope: Scope, credentials: Credentials) -> str:
        """Whose tries are counted together. All who come through a proxy share its address; a
        browser that has signed in before has a count of its own, so that they cannot lock it out.
        """
        for value in sessions.values(scope["headers"], sessions.KNOWN):
            if known := sessions.known_as(value, credentials.session_secret):
                return f"known {known}"
        return address(scope)

"""Sign-ins under way: started, watched, answered and cancelled by whoever runs the gateway."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import partial

from amq2api.accounts.model import DEFAULT_TOKEN_URL
from amq2api.accounts.place import place
from amq2api.accounts.signin import sign_in
from amq2api.accounts.store import AccountStore
from amq2api.errors import (
    BadRequest,
    Conflict,
    GatewayError,
    NotFound,
    RateLimited,
    UpstreamBroken,
)
from amq2api.log import log
from amq2api.wire.exchange import Answer, Ask

from .course import (
    NOT_OFFERED,
    PATIENCE,
    Course,
    Health,
    Profiles,
    Tokens,
    profiles_everywhere,
)
from .login import LoginView, SignIn

__all__ = ["KEPT", "MOST_KEPT", "MOST_PENDING", "LoginView", "Logins", "profiles_everywhere"]

MOST_PENDING = 10
KEPT, MOST_KEPT = 900.0, 50
"""Seconds for which a finished login is remembered, and how many are."""
_LONGEST_NAME = 200


class Logins:
    """Belongs to one event loop. Holds no secret longer than the conversation that got it.

    Args:
        ask: Makes an exchange with the sign-in service; raises UpstreamBroken where the road
            fails.
        token_url: The setting; says where to sign in, too, if it is not the built-in one.
        now: Unix time in seconds.
        patience: Seconds for which a choice of profile is waited for.
    """

    def __init__(
        self,
        *,
        ask: Callable[[Ask], Awaitable[Answer]],
        profiles: Profiles,
        store: AccountStore,
        tokens: Tokens,
        health: Health,
        token_url: str = DEFAULT_TOKEN_URL,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        patience: float = PATIENCE,
    ) -> None:
        self._course = Course(ask, profiles, store, tokens, health, now, sleep, patience)
        self._store, self._token_url, self._now = store, token_url, now
        self._logins: dict[str, SignIn] = {}

    async def start(
        self,
        kind: str,
        start_url: str = "",
        region: str = "",
        name: str = "",
        account_id: str = "",
        profile_arn: str = "",
    ) -> LoginView:
        """Begin to sign somebody in.

        Args:
            name: Of the new account; found by itself if empty.
            account_id: The account that is to get the new credentials, if it is no new one.
            profile_arn: The profile to use; chosen on the way if empty.

        Raises:
            BadRequest: the member that makes no sense is named.
            NotFound, Conflict: *account_id* is nobody's, or not to be changed.
            RateLimited: too many logins are under way.
            StoreBroken: there would be no place for the account.
        """
        where, name = place(kind, start_url, region), name.strip()
        flow = partial(sign_in, where.start_url, oidc_url=where.oidc_url(self._token_url))
        if len(name) > _LONGEST_NAME:
            raise BadRequest(f"name: has more than {_LONGEST_NAME} characters", field="name")
        if profile_arn and where.kind == "builder-id":
            raise BadRequest("profile_arn: Builder ID has none", field="profile_arn")
        if self._store.problem is not None:
            raise self._store.problem
        if account_id:
            self._changeable(account_id)
        self._forget()
        if sum(not login.view.finished for login in self._logins.values()) >= MOST_PENDING:
            raise RateLimited(f"{MOST_PENDING} logins are under way already; finish or cancel one",
                              retry_after=60)  # fmt: skip
        view = LoginView(id=secrets.token_urlsafe(16), kind=where.kind,
                         start_url=where.start_url, region=where.region)  # fmt: skip
        login = SignIn(view, where, name, account_id, profile_arn)
        self._logins[view.id] = login
        login.task = asyncio.get_running_loop().create_task(
            self._course.run(login, flow(now=self._now))
        )
        login.task.add_done_callback(partial(self._ended, login))
        return view

    def get(self, login_id: str) -> LoginView:
        """Raise NotFound if there is no such login any more."""
        return self._find(login_id).view

    def list(self) -> tuple[LoginView, ...]:
        """Those under way and those just finished, newest first."""
        self._forget()
        return tuple(login.view for login in reversed(self._logins.values()))

    async def changed(self, login_id: str, seen: LoginView) -> LoginView:
        """Return once the login looks different from *seen*; at once if it is finished."""
        return await self._find(login_id).other_than(seen)

    async def choose_profile(self, login_id: str, arn: str) -> LoginView:
        """Go on with one of the profiles offered; returns when the account is stored.

        Raises:
            NotFound: there is no such login.
            Conflict: it is not waiting for a choice.
            BadRequest: the profile is not one of those offered.
        """
        login = self._find(login_id)
        if login.choice is None or login.choice.done():
            raise Conflict("this login is not waiting for a profile")
        if arn not in {profile.arn for profile in login.view.profiles}:
            raise BadRequest(NOT_OFFERED, field="profile_arn")
        login.choice.set_result(arn)
        return await login.over()

    async def cancel(self, login_id: str) -> LoginView:
        """End it; one that is being stored already is let finish, and says so."""
        login = self._find(login_id)
        if login.task is not None and not login.storing:
            login.task.cancel()
        return await login.over()

    async def remove(self, login_id: str) -> LoginView:
        """The same, and forget it: nobody will ask for it again."""
        view = await self.cancel(login_id)
        self._logins.pop(login_id, None)
        return view

    async def close(self) -> None:
        """End all of them."""
        for login_id in tuple(self._logins):
            with contextlib.suppress(NotFound):  # forgotten meanwhile
                await self.cancel(login_id)

    def _ended(self, login: SignIn, task: asyncio.Task[None]) -> None:
        login.finished_at, login.choice = self._now(), None
        if task.cancelled():
            login.show(state="cancelled")
            return
        failure = task.exception()
        if failure is None:
            return
        if isinstance(failure, GatewayError):
            log.warning("login.failed", kind=login.where.kind, outcome=type(failure).__name__)
            login.show(state="failed", error=_words(login, failure))
        else:
            # Looked at here, it is not told by the loop. Its words could quote anything.
            log.error("login.crashed", kind=login.where.kind, outcome=type(failure).__name__)
            error = f"something unforeseen went wrong here ({type(failure).__name__})"
            login.show(state="failed", error=error)

    def _changeable(self, account_id: str) -> None:
        account = next((a for a in self._store.accounts() if a.id == account_id), None)
        if account is None:
            raise NotFound("no account has this id")
        if account.source == "environment":
            raise Conflict("this account is set by AMAZONQ_* variables; change it there",
                           field="account_id")  # fmt: skip

    def _find(self, login_id: str) -> SignIn:
        self._forget()
        try:
            return self._logins[login_id]
        except KeyError:
            raise NotFound("no login has this id; it may have ended long ago") from None

    def _forget(self) -> None:
        """Drop finished ones that are old, or too many."""
        finished = [login for login in self._logins.values() if login.finished_at is not None]
        recent = [f for f in finished if self._now() - (f.finished_at or 0.0) < KEPT][-MOST_KEPT:]
        for login in finished:
            if login not in recent:
                del self._logins[login.view.id]


def _words(login: SignIn, failure: GatewayError) -> str:
    said = str(failure) or type(failure).__name__
    if login.view.state == "starting" and isinstance(failure, UpstreamBroken):
        # A region that does not exist is a host that cannot be found.
        return f"{said}; signing in at region {login.where.region}"
    return said

"""Sign-ins under way: started, watched, answered and cancelled by whoever runs the gateway."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias

from amq2api.accounts.model import DEFAULT_TOKEN_URL, Account, Token
from amq2api.accounts.place import Kind, Place, distinct, place
from amq2api.accounts.refresh import Pause
from amq2api.accounts.signin import Flow, Login, Prompt, sign_in
from amq2api.accounts.store import AccountStore
from amq2api.bridge.backend import Identity
from amq2api.dialects import amazonq as q
from amq2api.errors import (
    BadRequest,
    Conflict,
    CredentialRefused,
    GatewayError,
    LoginRequired,
    NotEntitled,
    NotFound,
    RateLimited,
    UpstreamBroken,
    UpstreamBusy,
)
from amq2api.log import log
from amq2api.relay.relay import Manner
from amq2api.upstream.service import Service
from amq2api.wire.exchange import Answer, Ask

from .login import LoginView, ProfileView, SignIn

Profiles: TypeAlias = Callable[[str], Awaitable[Sequence[q.Profile]]]
"""The profiles that the holder of an access token may choose from."""

MOST_PENDING = 10
KEPT, MOST_KEPT = 900.0, 50
"""Seconds for which a finished login is remembered, and how many are."""
PATIENCE = 900.0
"""Seconds for which a choice of profile is waited for."""
API_REGIONS = ("us-east-1", "eu-central-1")
"""Where the service lives (upstream-protocol.md 1.1)."""
_LONGEST_NAME = 200
# A new access token is refused for a moment (5.5), and nobody likes to sign in twice.
_SETTLING = (1.0, 2.0, 4.0)
_PASSING = (CredentialRefused, UpstreamBroken, UpstreamBusy, RateLimited)


class Tokens(Protocol):
    """Where access tokens are kept."""

    async def adopt(self, account: Account, token: Token) -> None: ...


class Health(Protocol):
    """What is known of how accounts are doing."""

    def clear(self, account_id: str) -> None: ...


def profiles_everywhere(service: Service, manner: Manner) -> Profiles:
    """How to ask for profiles: in both API regions, or where the operator said."""

    def identity(endpoint: str) -> Identity:
        return Identity(endpoint, "", "", origin=manner.origin, user_agent=manner.user_agent,
                        opt_out=manner.opt_out)  # fmt: skip

    regional = [f"https://q.{region}.amazonaws.com/" for region in API_REGIONS]
    endpoints = regional if manner.default_endpoint else [manner.endpoint]
    return partial(service.profiles, [identity(endpoint) for endpoint in endpoints])


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
        self._ask, self._profiles, self._token_url = ask, profiles, token_url
        self._store, self._tokens, self._health = store, tokens, health
        self._now, self._sleep, self._patience = now, sleep, patience
        self._logins: dict[str, SignIn] = {}
        self._naming = asyncio.Lock()

    async def start(
        self,
        kind: str,
        start_url: str = "",
        region: str = "",
        name: str = "",
        account_id: str = "",
    ) -> LoginView:
        """Begin to sign somebody in.

        Args:
            name: Of the new account; found by itself if empty.
            account_id: The account that is to get the new credentials, if it is no new one.

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
        login = SignIn(view, where, name, account_id)
        self._logins[view.id] = login
        login.task = asyncio.get_running_loop().create_task(self._run(login, flow(now=self._now)))
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
            raise BadRequest("profile_arn: is not one of those offered", field="profile_arn")
        login.choice.set_result(arn)
        return await login.over()

    async def cancel(self, login_id: str) -> LoginView:
        """End it; one that is being stored already is let finish, and says so."""
        login = self._find(login_id)
        if login.task is not None and not login.storing:
            login.task.cancel()
        return await login.over()

    async def close(self) -> None:
        """End all of them."""
        for login_id in tuple(self._logins):
            await self.cancel(login_id)

    async def _run(self, login: SignIn, flow: Flow) -> None:
        signed_in = await self._converse(login, flow)
        profile = None
        if login.where.kind == "identity-center":
            profile = await self._profile(login, signed_in.token.access)
        login.storing = True
        account = await self._keep(login, signed_in, profile)
        log.info("login.done", account=account.id, kind=login.where.kind)
        login.show(state="done", account_id=account.id)

    async def _converse(self, login: SignIn, flow: Flow) -> Login:
        try:
            step = next(flow)
            while True:
                match step:
                    case Ask():
                        step = await self._exchange(flow, step)
                    case Pause():
                        await self._sleep(step.seconds)
                        step = flow.send(None)
                    case Prompt():
                        login.show(
                            state="waiting", user_code=step.user_code,
                            verification_uri=step.verification_uri,
                            verification_uri_complete=step.verification_uri_complete,
                            expires_at=step.expires_at,
                        )  # fmt: skip
                        step = flow.send(None)
        except StopIteration as done:
            signed_in: Login = done.value
            return signed_in

    async def _exchange(self, flow: Flow, ask: Ask) -> Ask | Pause | Prompt:
        try:
            answer = await self._ask(ask)
        except UpstreamBroken as exc:
            return flow.throw(exc)
        return flow.send(answer)

    async def _profile(self, login: SignIn, access: str) -> q.Profile:
        offered = {profile.arn: profile for profile in await self._offered(access)}
        if not offered:
            raise NotEntitled(
                "this identity has no Amazon Q profile; its administrator has to give it one"
            )
        if len(offered) == 1:
            return next(iter(offered.values()))
        if (used := self._account(login.replaces)) and used.profile_arn in offered:
            return offered[used.profile_arn]
        return offered[await self._choice(login, list(offered.values()))]

    async def _offered(self, access: str) -> Sequence[q.Profile]:
        for pause in _SETTLING:
            try:
                return await self._profiles(access)
            except _PASSING:
                await self._sleep(pause)
        return await self._profiles(access)

    async def _choice(self, login: SignIn, offered: Sequence[q.Profile]) -> str:
        login.choice = asyncio.get_running_loop().create_future()
        views = tuple(ProfileView(p.arn, p.profile_name, _region(p.arn)) for p in offered)
        until = self._now() + self._patience
        login.show(state="choosing_profile", profiles=views, expires_at=until)
        try:
            async with asyncio.timeout(self._patience):
                return await login.choice
        except TimeoutError:
            raise LoginRequired("nobody chose a profile in time; start again") from None

    async def _keep(self, login: SignIn, signed_in: Login, profile: q.Profile | None) -> Account:
        fields = signed_in.fields(login.where, profile.arn if profile else "")
        if login.replaces:
            named = fields | ({"name": login.name} if login.name else {})
            account = await asyncio.to_thread(self._replace, login.replaces, named)
        else:
            async with self._naming:  # until it is stored, so that no two find the same name free
                taken = {account.name for account in self._store.accounts()}
                name = login.name or distinct(_name(login.where, profile), taken)
                known = {key: value for key, value in fields.items() if value is not None}
                account = await asyncio.to_thread(self._store.add, known | {"name": name})
        self._health.clear(account.id)
        await self._tokens.adopt(account, signed_in.token)
        return account

    def _replace(self, account_id: str, fields: dict[str, Any]) -> Account:
        try:
            return self._store.update(account_id, **fields)
        except NotFound:
            raise NotFound("the account was removed meanwhile; nothing was stored") from None

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
        account = self._account(account_id)
        if account is None:
            raise NotFound("no account has this id")
        if account.source == "environment":
            raise Conflict("this account is set by AMAZONQ_* variables; change it there",
                           field="account_id")  # fmt: skip

    def _account(self, account_id: str) -> Account | None:
        return next((a for a in self._store.accounts() if a.id == account_id), None)

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


def _name(where: Place, profile: q.Profile | None) -> str:
    if where.kind == "builder-id" or profile is None:
        return "Builder ID"
    return where.alias or profile.profile_name or "Identity Center"


def _region(arn: str) -> str:
    return f"{arn}:::".split(":")[3]


def _words(login: SignIn, failure: GatewayError) -> str:
    said = str(failure) or type(failure).__name__
    if login.view.state == "starting" and isinstance(failure, UpstreamBroken):
        # A region that does not exist is a host that cannot be found.
        return f"{said}; signing in at region {login.where.region}"
    return said


__all__ = ["API_REGIONS", "KEPT", "Kind", "LoginView", "Logins", "profiles_everywhere"]

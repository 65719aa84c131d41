"""The course of one sign-in, from the first question to the stored account."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeAlias

from amq2api.accounts.model import Account, Token
from amq2api.accounts.place import Place, distinct
from amq2api.accounts.refresh import Pause
from amq2api.accounts.signin import Flow, Login, Prompt
from amq2api.accounts.store import AccountStore
from amq2api.bridge.backend import Identity
from amq2api.dialects import amazonq as q
from amq2api.errors import (
    BadRequest,
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

from .login import ProfileView, SignIn

Profiles: TypeAlias = Callable[[str], Awaitable[Sequence[q.Profile]]]
"""The profiles that the holder of an access token may choose from."""

NOT_OFFERED = "profile_arn: is not one of those offered"
PATIENCE = 900.0
"""Seconds for which a choice of profile is waited for."""
API_REGIONS = ("us-east-1", "eu-central-1")
"""Where the service lives (upstream-protocol.md 1.1)."""
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


@dataclass(frozen=True, slots=True)
class Course:
    """Belongs to one event loop. The members are those of :class:`~.logins.Logins`."""

    ask: Callable[[Ask], Awaitable[Answer]]
    profiles: Profiles
    store: AccountStore
    tokens: Tokens
    health: Health
    now: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]
    patience: float
    _naming: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, login: SignIn, flow: Flow) -> None:
        """Raises a GatewayError where it does not lead to an account; then nothing is stored."""
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
                        said = await self._exchange(step)
                        if isinstance(said, UpstreamBroken):
                            step = flow.throw(said)
                        else:
                            step = flow.send(said)
                    case Pause():
                        await self.sleep(step.seconds)
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

    async def _exchange(self, ask: Ask) -> Answer | UpstreamBroken:
        try:
            return await self.ask(ask)
        except UpstreamBroken as broken:
            return broken

    async def _profile(self, login: SignIn, access: str) -> q.Profile:
        offered = {profile.arn: profile for profile in await self._offered(access)}
        if not offered:
            raise NotEntitled(
                "this identity has no Amazon Q profile; its administrator has to give it one"
            )
        if login.profile_arn:
            if login.profile_arn not in offered:
                raise BadRequest(f"{NOT_OFFERED}; there are: {', '.join(offered)}",
                                 field="profile_arn")  # fmt: skip
            return offered[login.profile_arn]
        if len(offered) == 1:
            return next(iter(offered.values()))
        if (used := self._account(login.replaces)) and used.profile_arn in offered:
            return offered[used.profile_arn]
        return offered[await self._choice(login, list(offered.values()))]

    async def _offered(self, access: str) -> Sequence[q.Profile]:
        for pause in _SETTLING:
            try:
                return await self.profiles(access)
            except _PASSING:
                await self.sleep(pause)
        return await self.profiles(access)

    async def _choice(self, login: SignIn, offered: Sequence[q.Profile]) -> str:
        login.choice = asyncio.get_running_loop().create_future()
        views = tuple(ProfileView(p.arn, p.profile_name, _region(p.arn)) for p in offered)
        until = self.now() + self.patience
        login.show(state="choosing_profile", profiles=views, expires_at=until)
        try:
            async with asyncio.timeout(self.patience):
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
                taken = {account.name for account in self.store.accounts()}
                name = login.name or distinct(_name(login.where, profile), taken)
                known = {key: value for key, value in fields.items() if value is not None}
                account = await asyncio.to_thread(self.store.add, known | {"name": name})
        self.health.clear(account.id)
        with contextlib.suppress(GatewayError):  # the account is stored; another token can be had
            await self.tokens.adopt(account, signed_in.token)
        return account

    def _replace(self, account_id: str, fields: dict[str, Any]) -> Account:
        try:
            return self.store.update(account_id, **fields)
        except NotFound:
            raise NotFound("the account was removed meanwhile; nothing was stored") from None

    def _account(self, account_id: str) -> Account | None:
        return next((a for a in self.store.accounts() if a.id == account_id), None)


def _name(where: Place, profile: q.Profile | None) -> str:
    if where.kind == "builder-id" or profile is None:
        return "Builder ID"
    return where.alias or profile.profile_name or "Identity Center"


def _region(arn: str) -> str:
    return f"{arn}:::".split(":")[3]

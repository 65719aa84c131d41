"""The account that serves: its token, its models, its allowance, and one message through it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from amq2api.accounts.choose import Why
from amq2api.accounts.model import Account, Token
from amq2api.admin.office import Office
from amq2api.admin.usage import Usage
from amq2api.bridge.amazonq import models as catalogue
from amq2api.cli.building import Parts
from amq2api.cli.chat import MODEL
from amq2api.cli.naming import label
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.errors import AccountFailure, AccountSuspended, CredentialRefused, GatewayError
from amq2api.relay.answering import reply_to
from amq2api.web.asgi import new_request_id

from .check import Check, failed, too_slow

T = TypeVar("T")

LIMITS: Mapping[str, float] = {"token": 60, "models": 30, "quota": 30, "message": 90}
"""Seconds that each check gets."""
NAMES = tuple(LIMITS)
_SOON = 7 * 86400.0  # seconds before a registration's end from which it is told
_NEARLY = 80.0  # percent of an allowance
_WHY: Mapping[Why, str] = {
    "active": "The active one serves.",
    "first": "None is marked active, so the first serves.",
    "failover": "The active one cannot serve, so the next one does (AMQ2API_ROUTING=failover).",
    "probe": "It could not serve, and is tried again.",
}


def account(made: Parts, now: float) -> tuple[Account | None, Check]:
    """Who serves now."""
    try:
        choice = made.relay.choose()
    except AccountSuspended as failure:
        return None, failed("account", failure)
    except GatewayError as failure:
        return None, Check(
            "account", "problem", _sentence(str(failure)),
            "`amq2api login` adds an account; `amq2api accounts list` shows those there are.",
        )  # fmt: skip
    chosen, ends = choice.account, choice.account.registration_expires_at
    about = label(chosen)
    if ends is not None and ends - now < _SOON:
        day = datetime.fromtimestamp(ends, UTC)
        return chosen, Check(
            "account", "problem" if ends <= now else "note",
            f"{_WHY[choice.why]} Its sign-in ends on {day:%Y-%m-%d}.",
            "Sign in again: `amq2api login --account ID` keeps its id, name and place.", about,
        )  # fmt: skip
    return chosen, Check("account", "ok", _WHY[choice.why], about=about)


class Seat:
    """Asks on behalf of one account; what must fail after a failure is not tried any more."""

    def __init__(self, made: Parts, office: Office, chosen: Account) -> None:
        self._made, self._office, self._account = made, office, chosen
        self._hopeless = ""
        self._models: Sequence[q.Model] = q.BUILT_IN

    async def checks(self, *, message: bool) -> AsyncIterator[Check]:
        yield await self._tried("token", self._token)
        yield await self._tried("models", self._list_models)
        yield await self._tried("quota", self._quota)
        if message:
            yield await self._tried("message", self._message)
        else:
            yield Check("message", "skipped", "Not wanted (--no-message).")

    async def _tried(self, name: str, look: Callable[[], Awaitable[Check]]) -> Check:
        if self._hopeless:
            return Check(name, "skipped", f"Not tried after the {self._hopeless} failed.")
        limit = LIMITS[name]
        try:
            async with asyncio.timeout(limit):
                return await look()
        except TimeoutError:
            hopeless, check = name == "token", too_slow(name, limit)
        except GatewayError as failure:
            self._made.relay.health.report(self._account, failure)
            hopeless = name == "token" or isinstance(failure, AccountFailure)
            check = failed(name, failure)
        if hopeless:
            self._hopeless = name
        return check

    async def _token(self) -> Check:
        token = await self._made.tokens.token(self._account)
        left = max(token.expires_at - time.time(), 0.0)
        return Check("token", "ok", f"There is one, for {left / 60:.0f} minutes more.")

    async def _list_models(self) -> Check:
        identity = self._made.relay.manner.identity(self._account)

        async def ask(token: Token) -> list[q.Model]:
            return await self._made.relay.service.models(identity, token.access)

        found = await self._with_token(ask)
        if not found:
            return Check(
                "models", "problem", "The account may use no model at all.",
                "Check its subscription, or ask the administrator who assigned it.",
            )  # fmt: skip
        self._models = found
        return Check("models", "ok", f"The account may use {len(found)}.")

    async def _quota(self) -> Check:
        usage = await self._office.usage(self._account.id)
        if usage.has_room is False:
            self._hopeless = "quota"
            return Check(
                "quota", "problem", f"The allowance is used up{_until(usage)}.",
                "Wait until it is renewed, or let another account serve"
                " (`amq2api accounts activate`).",
            )  # fmt: skip
        told = [quota for quota in usage.quotas if quota.percent is not None]
        words = ", ".join(f"{quota.name} {quota.percent:.0f} %" for quota in told)
        if any(quota.percent is not None and quota.percent >= _NEARLY for quota in told):
            return Check("quota", "note", f"Nearly used: {words}{_until(usage)}.")
        return Check("quota", "ok", f"Used: {words}." if words else "No allowance is named.")

    async def _message(self) -> Check:
        began = time.monotonic()
        reply = reply_to(self._made.relay, _tiny(self._models), new_request_id())
        try:
            await reply.open()
            while not reply.over:
                await reply.read()
        finally:
            reply.close()
        if reply.failure is not None:
            raise reply.failure
        took = time.monotonic() - began
        return Check("message", "ok", f"It was answered in {took:.1f} seconds.")

    async def _with_token(self, ask: Callable[[Token], Awaitable[T]]) -> T:
        """*ask*, once more with a fresh token if the one at hand is refused, as for any call."""
        tokens = self._made.tokens
        token = await tokens.token(self._account)
        try:
            return await ask(token)
        except CredentialRefused:
            return await ask(await tokens.token(self._account, refused=token.access))


def _tiny(offered: Sequence[q.Model]) -> m.Call:
    """The least that can be asked, of a model that the account has."""
    found = catalogue.resolve(MODEL, offered, {})
    body: dict[str, Any] = {
        "model": MODEL if found else offered[0].model_id,
        "max_tokens": 16,
        "messages": [{"role": "user", "content": "Answer with OK."}],
    }
    return m.decode(msgspec.json.encode(body))


def _until(usage: Usage) -> str:
    if usage.resets_at is None:
        return ""
    return f"; it is renewed on {datetime.fromtimestamp(usage.resets_at, UTC):%Y-%m-%d}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."

"""Which models an account may use, as far as is known without asking again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from amq2api.bridge.amazonq import models
from amq2api.dialects import amazonq as q
from amq2api.errors import GatewayError, UnknownModel
from amq2api.log import log

LIFE = 3600.0  # seconds that a list is good for
RETRY = 60.0  # seconds before a list is asked for again that failed, or that lacks a model

Load = Callable[[], Awaitable[list[q.Model]]]


@dataclass(frozen=True, slots=True)
class _List:
    models: Sequence[q.Model]
    told: bool
    """Whether the service told it; else it is the built-in list."""
    at: float


class Catalogue:
    """Lists by account. One request for a list is in flight per account, whoever waits."""

    def __init__(self, aliases: Mapping[str, str], clock: Callable[[], float]) -> None:
        self.aliases, self._clock = aliases, clock
        self._lists: dict[str, _List] = {}
        self._loading: dict[str, asyncio.Future[_List]] = {}

    async def all(self, account_id: str, load: Load) -> Sequence[q.Model]:
        """The account's models; the built-in ones while the service does not tell."""
        return (await self._current(account_id, load, LIFE)).models

    async def find(self, name: str, account_id: str, load: Load) -> q.Model:
        """The model a client means by *name*.

        Raises:
            UnknownModel: there is none. A similar one is never taken in its place.
        """
        known = await self._current(account_id, load, LIFE)
        found = models.resolve(name, known.models, self.aliases)
        if found is None:
            known = await self._current(account_id, load, RETRY)
            found = models.resolve(name, known.models, self.aliases)
        if found is None and not known.told and "claude" in name.lower():
            # The service did not say what it has; let it judge the name itself.
            found = q.Model(models.upstream_id(self.aliases.get(name, name)))
        if found is None:
            raise UnknownModel(f"model: {name}")
        return found

    def model_id(self, name: str, account_id: str) -> str:
        """What the service calls the model that *name* means, without asking anyone.

        As :meth:`find` has it; where that knows none, a name that tells as much about the model.
        """
        known = self._lists.get(account_id)
        found = models.resolve(name, known.models if known else q.BUILT_IN, self.aliases)
        return found.model_id if found else models.upstream_id(self.aliases.get(name, name))

    def told(self, name: str) -> str | None:
        """The service's name for the model that *name* means, if it has told of it.

        It need not be the account at hand that it has told.
        """
        for models_told in (*(known.models for known in self._lists.values()), q.BUILT_IN):
            if (found := models.resolve(name, models_told, self.aliases)) is not None:
                return found.model_id
        return None

    async def _current(self, account_id: str, load: Load, life: float) -> _List:
        known = self._lists.get(account_id)
        if known is not None:
            age = self._clock() - known.at
            if age < (life if known.told else RETRY):
                return known
        loading = self._loading.get(account_id)
        if loading is None:
            loading = asyncio.ensure_future(self._load(account_id, load))
            self._loading[account_id] = loading
            loading.add_done_callback(lambda _: self._loading.pop(account_id, None))
        return await asyncio.shield(loading)

    async def _load(self, account_id: str, load: Load) -> _List:
        try:
            fresh = _List(await load(), True, self._clock())
        except GatewayError as failure:
            log.warning("models.unknown", account=account_id, reason=str(failure))
            before = self._lists.get(account_id)
            fresh = _List(before.models if before else q.BUILT_IN, False, self._clock())
        self._lists[account_id] = fresh
        return fresh

"""One sign-in as the page and the command line see it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import msgspec

from amq2api.accounts.place import Kind, Place

State: TypeAlias = Literal[
    "starting", "waiting", "choosing_profile", "done", "failed", "cancelled"
]  # fmt: skip
FINISHED: frozenset[State] = frozenset({"done", "failed", "cancelled"})


class ProfileView(msgspec.Struct, frozen=True):
    """A profile to choose; *region* is where the service answers for it."""

    arn: str
    name: str
    region: str


class LoginView(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a sign-in. Texts are empty as long as there is nothing to tell."""

    id: str
    kind: Kind
    state: State = "starting"
    user_code: str = ""
    verification_uri: str = ""
    verification_uri_complete: str = ""
    expires_at: float | None = None
    """Unix time at which the code is void, or the choice of a profile is given up."""
    start_url: str = ""
    region: str = ""
    profiles: tuple[ProfileView, ...] = ()
    account_id: str | None = None
    """Of the account, once it is stored."""
    error: str = ""

    @property
    def finished(self) -> bool:
        return self.state in FINISHED


@dataclass(slots=True, eq=False)
class SignIn:
    """One sign-in under way, or over."""

    view: LoginView
    where: Place
    name: str
    """As wished for; empty if it does not matter."""
    replaces: str
    """Id of the account that gets the new credentials; empty for a new account."""
    profile_arn: str = ""
    """The profile to use, if that is settled already."""
    task: asyncio.Task[None] | None = None
    choice: asyncio.Future[str] | None = None
    """The profile's ARN, while somebody is to choose it."""
    storing: bool = False
    """From then on it is too late to cancel."""
    finished_at: float | None = None
    _turned: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, **changes: Any) -> None:
        """Look different from now on."""
        self.view = msgspec.structs.replace(self.view, **changes)
        turned, self._turned = self._turned, asyncio.Event()
        turned.set()

    async def other_than(self, seen: LoginView) -> LoginView:
        """The view, once it is not *seen*; at once if there is nothing more to come."""
        while self.view == seen and not self.view.finished:
            await self._turned.wait()
        return self.view

    async def over(self) -> LoginView:
        """The view at the end, whoever else waits for it."""
        if self.task is not None:
            await asyncio.wait({self.task})
        return self.view

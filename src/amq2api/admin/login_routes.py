"""``/api/logins``: signing in with a code that is shown here and approved elsewhere."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path

from . import shapes
from .answers import answer, refusals
from .inputs import ChosenProfile, IdentityCenter, NewLogin
from .logins import Logins
from .shapes import Done

LoginId = Annotated[str, Path(description="As the login was told when it began.")]


def login_router(logins: Logins) -> APIRouter:
    """The routes; what they raise is worded by envelope.py."""
    router = APIRouter(tags=["logins"])

    @router.post(
        "/api/logins", responses=refusals(400, 404, 409, 413, 429),
        response_model=Done[shapes.Login],
    )  # fmt: skip
    async def start_login(given: NewLogin) -> Any:
        """Begin to sign in.

        The answer comes before the code does: ask again until `state` is `waiting`.
        """
        center = given if isinstance(given, IdentityCenter) else None
        return _answer(
            await logins.start(
                given.kind,
                start_url=center.start_url if center else "",
                region=center.region if center else "",
                name=given.name or "",
                account_id=given.account_id or "",
            )
        )

    @router.get("/api/logins", responses=refusals(), response_model=Done[list[shapes.Login]])
    async def list_logins() -> Any:
        """List the logins.

        Those under way and those just over, newest first.
        """
        return answer(msgspec.to_builtins(logins.list()))

    @router.get(
        "/api/logins/{login_id}", responses=refusals(404), response_model=Done[shapes.Login]
    )
    async def tell_login(login_id: LoginId) -> Any:
        """Tell how far a login is.

        It is remembered for a while when it is over.
        """
        return _answer(logins.get(login_id))

    @router.delete(
        "/api/logins/{login_id}", responses=refusals(404), response_model=Done[shapes.Login]
    )
    async def cancel_login(login_id: LoginId) -> Any:
        """Cancel a login.

        One that is being stored already is let finish. Either way it is forgotten.
        """
        return _answer(await logins.remove(login_id))

    @router.post(
        "/api/logins/{login_id}/profile", responses=refusals(400, 404, 409, 413),
        response_model=Done[shapes.Login],
    )  # fmt: skip
    async def choose_profile(login_id: LoginId, given: ChosenProfile) -> Any:
        """Choose a profile.

        The login goes on with it; the answer comes when the account is stored.
        """
        return _answer(await logins.choose_profile(login_id, given.profile_arn))

    return router


def _answer(view: Any) -> Any:
    return answer(msgspec.to_builtins(view))

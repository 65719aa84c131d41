"""``/api/session``, ``/api/setup`` and ``/api/password``: showing who one is, and choosing how."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from . import passwords
from .access import Access, Entered, State
from .answers import answer, refusals
from .shapes import Done

_Shown = Annotated[str, Field(max_length=passwords.LONGEST)]
_New = Annotated[str, Field(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class SignIn(_Given):
    password: _Shown


class SetUp(_Given):
    token: Annotated[
        str, Field(max_length=200, description="As printed when the gateway started; works once.")
    ]
    password: _New


class NewPassword(_Given):
    current: Annotated[
        str | None,
        Field(max_length=passwords.LONGEST, description="Needed if a password is set."),
    ] = None
    password: _New


class Standing(BaseModel):
    """Where the sender stands."""

    model_config = ConfigDict(extra="forbid")

    state: State = Field(
        description="open: nothing has to be shown. setup: a first password has to be chosen with"
        " the setup token. signed_out: the password has to be shown. signed_in: it was."
    )
    password_set: bool


def session_router(access: Access) -> APIRouter:
    """The routes; what they raise is worded by envelope.py."""
    router = APIRouter(tags=["session"])

    @router.get("/api/session", responses=refusals(), response_model=Done[Standing])
    async def tell_session(request: Request) -> Response:
        """Tell who one is.

        Whether a password has to be shown, or chosen.
        """
        return answer({"state": access.state(request.scope), "password_set": access.password_set})

    @router.post(
        "/api/session", responses=refusals(400, 409, 413, 429),
        response_model=Done[Standing],
    )  # fmt: skip
    async def sign_in(request: Request, given: SignIn) -> Response:
        """Sign in.

        The answer sets a cookie. Repeated failures are answered with 429.
        """
        return _entered(access, await access.sign_in(request.scope, given.password))

    @router.delete("/api/session", responses=refusals(), response_model=Done[Standing])
    async def sign_out(request: Request) -> Response:
        """Sign out.

        The cookie is void from then on.
        """
        return _entered(access, await access.sign_out(request.scope))

    @router.post(
        "/api/setup", responses=refusals(400, 409, 413, 429),
        response_model=Done[Standing],
    )  # fmt: skip
    async def set_up(request: Request, given: SetUp) -> Response:
        """Set up.

        Chooses the first password with the setup token, and signs in with it.
        """
        return _entered(access, await access.set_up(request.scope, given.token, given.password))

    @router.put(
        "/api/password", responses=refusals(400, 409, 413, 429),
        response_model=Done[Standing],
    )  # fmt: skip
    async def change_password(request: Request, given: NewPassword) -> Response:
        """Change the password.

        Or set the first. All other sessions end.
        """
        entered = await access.change_password(request.scope, given.current, given.password)
        return _entered(access, entered)

    return router


def _entered(access: Access, entered: Entered) -> Response:
    response = answer({"state": entered.state, "password_set": access.password_set})
    for line in entered.cookies:
        response.headers.append("set-cookie", line)
    return response

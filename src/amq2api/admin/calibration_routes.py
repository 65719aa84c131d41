"""``/api/calibration``: how far estimates of tokens are off, by model."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from fastapi import APIRouter
from pydantic import Field

from amq2api.bridge.calibration import Report

from .answers import answer, refusals
from .shapes import Done, Told


class Calibration(Told):
    model: str = Field(description="The service's name of it.", examples=["claude-sonnet-4.5"])
    samples: int = Field(description="Replies that the next two are fitted to; they want three.")
    offset: float = Field(description="Tokens that every call takes beside its own.")
    slope: float = Field(description="Tokens to one that was estimated.")
    error: float | None = Field(
        description="How far off the latest predictions were, as a share: their median."
    )
    updated_at: float = Field(description="Unix time in seconds.")


def calibration_router(report: Callable[[], Sequence[Report]]) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/api/calibration", tags=["status"], responses=refusals(),
        response_model=Done[list[Calibration]],
    )  # fmt: skip
    async def list_calibrations() -> Any:
        """Tell how well tokens are estimated.

        By model, the one that was asked last first. What calls take is learned from replies.
        """
        return answer(msgspec.to_builtins(report()))

    return router

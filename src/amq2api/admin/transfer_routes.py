"""``/api/accounts/export``, ``/api/accounts/import`` and ``/api/imports``."""

from typing import Any

from fastapi import APIRouter

from . import shapes
from .answers import answer, refusals
from .inputs import Export, ForeignImport, Import
from .shapes import Done, listed
from .transfers import Arrived, Transfers


def transfer_router(transfers: Transfers) -> APIRouter:
    """The routes; what they raise is worded by envelope.py."""
    router = APIRouter(tags=["transfers"])

    @router.post(
        "/api/accounts/export", responses=refusals(400, 413),
        response_model=Done[shapes.Bundled],
    )  # fmt: skip
    async def export_accounts(given: Export) -> Any:
        """Export all accounts.

        Their secrets come along, encrypted with a passphrase.
        """
        return answer({"bundle": await transfers.bundle(given.passphrase)})

    @router.post(
        "/api/accounts/import", responses=refusals(400, 409, 413),
        response_model=Done[shapes.Added],
    )  # fmt: skip
    async def import_accounts(given: Import) -> Any:
        """Import a bundle.

        Accounts that are here already are skipped. 403 if the passphrase does not open it, or it is
        damaged: nobody can tell which.
        """
        arrived = await transfers.unbundle(given.bundle.model_dump(), given.passphrase)
        return answer(_told(arrived))

    @router.get("/api/imports", responses=refusals(), response_model=Done[list[shapes.Foreign]])
    async def list_imports() -> Any:
        """List other programs.

        Tells where their sign-ins may be. Nothing of them is read.
        """
        return answer([
            {"source": source.id, "path": source.path, "exists": source.exists}
            for source in await transfers.sources()
        ])  # fmt: skip

    @router.post(
        "/api/imports", responses=refusals(400, 404, 409, 413), response_model=Done[shapes.Added]
    )
    async def import_foreign(given: ForeignImport) -> Any:
        """Import from another program.

        Copies its sign-ins, with their owner's consent. Nothing is written there. Two programs that
        share a sign-in can void each other's tokens.
        """
        return answer(_told(await transfers.adopt(given.source)))

    return router


def _told(arrived: Arrived) -> dict[str, Any]:
    return {
        "added": [listed(account) for account in arrived.added],
        "skipped": [{"name": name, "reason": reason} for name, reason in arrived.skipped],
    }

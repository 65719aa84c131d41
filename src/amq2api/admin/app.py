"""The admin side as one ASGI application: a framework inside, its door around it."""

from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from amq2api import __version__
from amq2api.bridge.calibration import Report
from amq2api.dialects import amazonq as q
from amq2api.relay.records import Records

from .access import Access
from .api import accounts_router
from .calibration_routes import calibration_router
from .docs_page import docs_page
from .files import file_router, page_files
from .gate import ASGIApp, Gate
from .live import Live
from .login_routes import login_router
from .logins import Logins
from .office import Office
from .openapi import document, operation_id
from .refusals import install
from .session_routes import session_router
from .status import Status
from .transfer_routes import transfer_router
from .transfers import Transfers
from .translation_routes import Translate, translation_router
from .watch_routes import watch_router


def create_admin(
    *,
    office: Office,
    logins: Logins,
    transfers: Transfers,
    access: Access,
    status: Status,
    live: Live,
    records: Records,
    models: Callable[[], Awaitable[Sequence[q.Model]]],
    translate: Translate,
    calibration: Callable[[], Sequence[Report]],
) -> ASGIApp:
    """The admin side. Reads the page's files at once.

    Args:
        models: Those of the account that serves now.
        translate: Shows what a call would become for that account.
        calibration: What is known of each model's counts.
    """
    app = FastAPI(
        title="amq2api", version=__version__, docs_url=None, redoc_url=None, openapi_url=None,
        redirect_slashes=False, generate_unique_id_function=operation_id,
    )  # fmt: skip
    routers = (
        transfer_router(transfers),
        accounts_router(office),
        login_router(logins),
        watch_router(status, live, records, models, lambda request: access.enter(request.scope)),
        translation_router(translate),
        calibration_router(calibration),
        session_router(access),
        _documents(app),
        file_router(page_files()),
    )
    for router in routers:
        app.include_router(router)
    install(app, [route for router in routers for route in router.routes])
    return Gate(app, access)


def _documents(app: FastAPI) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    async def tell_openapi() -> Response:
        return JSONResponse(document(app))

    @router.get("/docs")
    async def show_docs(request: Request) -> Response:
        return HTMLResponse(docs_page(document(app), str(request.base_url).rstrip("/")))

    return router

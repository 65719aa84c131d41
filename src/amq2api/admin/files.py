"""The page's files: read once from the package, and served with what a browser needs to know."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request, Response

from amq2api.errors import NotFound

INDEX = "index.html"
_TYPES: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "txt": "text/plain; charset=utf-8",
    "webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class File:
    """*etag* changes with the content, so that a browser may keep it and ask."""

    content: bytes
    media_type: str
    etag: str


def page_files() -> dict[str, File]:
    """All files of a known type by their path below ``static``. Blocks."""
    return {
        name: File(content, _TYPES[_suffix(name)], f'"{sha256(content).hexdigest()[:32]}"')
        for name, content in _contents(files(__package__) / "static", "")
        if _suffix(name) in _TYPES
    }


def file_router(known: Mapping[str, File]) -> APIRouter:
    """The page at ``/`` and ``/admin``, and what it is made of below ``/static/``."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    @router.api_route("/admin", methods=["GET", "HEAD"])
    async def show_page(request: Request) -> Response:
        return _served(known, INDEX, request)

    @router.api_route("/static/{name:path}", methods=["GET", "HEAD"])
    async def show_file(request: Request, name: str) -> Response:
        return _served(known, name, request)

    return router


def _served(known: Mapping[str, File], name: str, request: Request) -> Response:
    file = known.get(name)
    if file is None:
        raise NotFound("there is no such file")
    headers = {"etag": file.etag, "cache-control": "no-cache"}
    asked = request.headers.get("if-none-match", "")
    if file.etag in [tag.strip().removeprefix("W/") for tag in asked.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)


def _contents(place: Traversable, below: str) -> Iterator[tuple[str, bytes]]:
    for found in place.iterdir():
        if found.is_dir():
            yield from _contents(found, f"{below}{found.name}/")
        else:
            yield f"{below}{found.name}", found.read_bytes()


def _suffix(name: str) -> str:
    return name.rpartition(".")[2]

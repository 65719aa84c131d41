"""What a call brings along and no service takes as it is: PDFs become text, links their files.

A refusal names the place in the path style of the API, a PDF's as ``…pdf.source.base64.data``.
"""

import asyncio
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from amq2api.bridge.backend import Note, Notes
from amq2api.bridge.pdf import MOST_BYTES, MOST_CHARACTERS
from amq2api.dialects import messages as m
from amq2api.dialects.messages.media import sniff
from amq2api.dialects.messages.sources import MOST_IMAGE_BYTES, check_picture
from amq2api.errors import BadRequest, ContextTooLong
from amq2api.upstream.failures import NotFetched

from .places import Holder, changed
from .reading import Reading
from .shelf import Shelf

Fetch: TypeAlias = Callable[[str, int], Awaitable[bytes]]
"""From a URL at most so many bytes; raises NotFetched."""
_Made: TypeAlias = m.Base64Source | m.TextSource

_MOST_LINKS = 20  # different ones of one call
_ROOM = 32 * 1024 * 1024
_LASTING = 600.0  # seconds for which a link is taken to show the same
_OFF = "files are not fetched from URLs here (AMQ2API_FETCH_URLS); send the content itself"


class _Pdf(NamedTuple):
    data: str
    """Base64."""


class _Link(NamedTuple):
    kind: type[Holder]
    url: str


@dataclass(slots=True)
class _Wanted:
    """What is to be read and fetched, each once, with the place where it stands first."""

    pdfs: dict[_Pdf, str] = field(default_factory=dict)
    links: dict[_Link, str] = field(default_factory=dict)


class Material:
    """Safe to share between calls.

    Args:
        fetch: None where links are not to be followed.
        patience: Seconds that everything of one call may take.
    """

    def __init__(
        self, fetch: Fetch | None = None, *, reading: Reading | None = None, patience: float = 60.0
    ) -> None:
        self._fetch = fetch
        self._reading = reading or Reading()
        self._patience = patience
        self._fetched: Shelf[_Made] = Shelf(_ROOM, lasting=_LASTING, clock=time.monotonic)

    async def ready(self, call: m.Call, *, fetch: bool = True) -> tuple[m.Call, Notes]:
        """*call* with text for every PDF and content for every link; itself where it has neither.

        Args:
            fetch: Whether links may be followed; if not, they are left as they are.

        Raises:
            BadRequest: one of them cannot be had or read; the place is named.
            UpstreamBusy: too many PDFs are being read already.
        """
        if not m.needs_material(call):
            return call, ()
        wanted = _wanted(call)
        if not fetch:
            wanted.links.clear()
        try:
            async with asyncio.timeout(self._patience):
                return _filled(call, await self._had(wanted))
        except TimeoutError:
            first = next(iter((*wanted.links.values(), *wanted.pdfs.values())))
            raise BadRequest(f"{first}: getting and reading files took too long") from None

    async def _had(self, wanted: _Wanted) -> dict[_Pdf | _Link, _Made]:
        made: dict[_Pdf | _Link, _Made] = {}
        places = list(wanted.links.values())
        if len(places) > _MOST_LINKS:
            raise BadRequest(f"{places[_MOST_LINKS]}: at most {_MOST_LINKS} URLs per request")
        found = await asyncio.gather(
            *(self._behind(link, place) for link, place in wanted.links.items()),
            return_exceptions=True,
        )
        # Whichever failed first: the one refused is the first in the call.
        for link, result in zip(wanted.links, found, strict=True):
            if isinstance(result, BaseException):
                raise result
            made[link] = result
        # One after the other: they would only take turns.
        for pdf, place in wanted.pdfs.items():
            made[pdf] = await self._text(pdf.data, place)
        return made

    async def _behind(self, link: _Link, place: str) -> _Made:
        if self._fetch is None:
            raise BadRequest(f"{place}: {_OFF}")
        if (known := self._fetched.get(link)) is not None:
            return known
        most = MOST_IMAGE_BYTES if link.kind is m.Image else MOST_BYTES
        try:
            data = await self._fetch(link.url, most)
        except NotFetched as failure:
            raise BadRequest(f"{place}: {failure}") from None
        made = _picture(data, place) if link.kind is m.Image else await self._text(data, place)
        self._fetched.put(link, made, 4 * len(made.data))
        return made

    async def _text(self, data: str | bytes, place: str) -> m.TextSource:
        try:
            return m.TextSource(await self._reading.text(data))
        except BadRequest as refusal:
            raise type(refusal)(f"{place}: {refusal}") from None


def _wanted(call: m.Call) -> _Wanted:
    wanted = _Wanted()

    def note(place: str, block: Holder) -> Holder:
        match _key(block):
            case _Pdf() as pdf:
                wanted.pdfs.setdefault(pdf, f"{place}.pdf.source.base64.data")
            case _Link(kind) as link:
                tag = kind.__struct_config__.tag
                wanted.links.setdefault(link, f"{place}.{tag}.source.url")
        return block

    changed(call, note)
    return wanted


def _key(block: Holder) -> _Pdf | _Link | None:
    match block.source:
        case m.UrlSource(url=url):
            return _Link(type(block), url)
        case m.Base64Source(data=data) if isinstance(block, m.Document):
            return _Pdf(data)
    return None


def _filled(call: m.Call, made: Mapping[_Pdf | _Link, _Made]) -> tuple[m.Call, Notes]:
    counts: Counter[str] = Counter()
    said = 0

    def fill(place: str, block: Holder) -> Holder:
        nonlocal said
        key = _key(block)
        if key is None or key not in made:
            return block
        source = made[key]
        # A small file can be meant a thousand times.
        said += len(source.data) if isinstance(source, m.TextSource) else 0
        if said > MOST_CHARACTERS:
            raise ContextTooLong(f"{place}: the PDFs hold more than {MOST_CHARACTERS} characters")
        counts[f"{block.__struct_config__.tag}.{block.source.__struct_config__.tag}"] += 1
        return replace(block, source=source)

    ready = changed(call, fill)
    return ready, tuple(Note("approximated", what, n) for what, n in counts.items())


def _picture(data: bytes, place: str) -> m.Base64Source:
    # Whatever the server calls it: a page that says that the picture is gone is no picture.
    kind = sniff(data)
    if kind is None:
        raise BadRequest(f"{place}: Could not process image")
    picture = m.Base64Source(f"image/{kind}", b64encode(data).decode())
    check_picture(place, picture)
    return picture

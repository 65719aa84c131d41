"""PDFs and links of a call before it goes on its way: what becomes of them, and which is named."""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import pytest

from amq2api.bridge import pdf as reading_pdf
from amq2api.bridge.pdf import Limits, PdfText
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest, ContextTooLong, GatewayError, UpstreamBusy
from amq2api.relay.material import Material
from amq2api.relay.reading import Reading
from amq2api.upstream.failures import NotFetched
from bridge.pdfs import locked, of_contents, pdf, shown
from e2e.pictures import png

Json = dict[str, Any]
PICTURE = png()


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def document(data: bytes | str, **members: Any) -> Json:
    encoded = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    source = {"type": "base64", "media_type": "application/pdf", "data": encoded}
    return {"type": "document", "source": source, **members}


def linked(kind: str, url: str) -> Json:
    return {"type": kind, "source": {"type": "url", "url": url}}


def holding(*parts: Json) -> Json:
    return {"type": "document", "source": {"type": "content", "content": list(parts)}}


def result(*content: Json) -> Json:
    return {"type": "tool_result", "tool_use_id": "toolu_1", "content": list(content)}


def call(*turns: Sequence[Json]) -> m.Call:
    """Users' turns, and a tool used before each but the first."""
    messages: list[Json] = []
    for content in turns:
        if messages:
            use = {"type": "tool_use", "id": "toolu_1", "name": "t", "input": {}}
            messages.append({"role": "assistant", "content": [use]})
        messages.append({"role": "user", "content": list(content)})
    whole = {"model": "claude-sonnet-4.5", "max_tokens": 9, "messages": messages}
    return m.decode(msgspec.json.encode(whole))


class Web:
    """Files by URL, and what was asked for."""

    def __init__(self, **files: bytes) -> None:
        self.files = {f"https://w.example/{name}": data for name, data in files.items()}
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, url: str, most: int) -> bytes:
        self.asked.append((url, most))
        await asyncio.sleep(0)
        if url not in self.files:
            raise NotFetched("Unable to download the file. (status 404)")
        return self.files[url]


class Counting:
    """Reads, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, data: bytes, limits: Limits, expired: Callable[[], bool]) -> PdfText:
        self.times += 1
        return reading_pdf.text(data, limits, expired)


def ready(
    asked: m.Call, web: Web | None = None, *, fetch: bool = True
) -> tuple[list[Any], list[str]]:
    """The last message's blocks as JSON, and the notes."""
    made, notes = asyncio.run(Material(web).ready(asked, fetch=fetch))
    return json.loads(msgspec.json.encode(made.messages[-1].content)), list(map(str, notes))


def plain(block: Json) -> Json:
    """Without members that say nothing."""
    return {name: value for name, value in block.items() if value is not None}


def said(block: Json) -> str:
    source = block["source"]
    assert source["type"] == "text"
    return str(source["data"])


def test_a_pdf_becomes_a_document_of_its_text() -> None:
    (made, question), notes = ready(
        call([document(pdf("Hello"), title="A", context="B"), text("?")])
    )
    assert said(made) == "Hello\n"
    assert (made["title"], made["context"], question["text"]) == ("A", "B", "?")
    assert notes == ["approximated:document.base64"]


def test_a_picture_beside_a_pdf_stays_as_it_is() -> None:
    source = {"type": "base64", "media_type": "image/png",
              "data": base64.b64encode(PICTURE).decode()}  # fmt: skip
    (_, picture), notes = ready(call([document(pdf("Hello")), {"type": "image", "source": source}]))
    assert picture["source"] == source
    assert notes == ["approximated:document.base64"]


def test_pdfs_of_tool_results_are_read_too() -> None:
    blocks, notes = ready(
        call([text("go")], [result(text("a"), document(pdf("One"))), document(pdf("Two"))])
    )
    assert said(blocks[0]["content"][1]) == "One\n" and said(blocks[1]) == "Two\n"
    assert notes == ["approximated:document.base64=2"]


def test_an_assistant_s_documents_are_read_too() -> None:
    asked = m.decode(msgspec.json.encode({
        "model": "m", "max_tokens": 9, "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [document(pdf("Mine"))]},
            {"role": "user", "content": "go on"},
        ],
    }), version="2023-06-01")  # fmt: skip
    made, _ = asyncio.run(Material().ready(asked))
    blocks = made.messages[1].content
    assert isinstance(blocks, list) and isinstance(blocks[0], m.Document)
    assert blocks[0].source == m.TextSource("Mine\n")


def test_links_become_what_they_lead_to() -> None:
    web = Web(picture=PICTURE, paper=pdf("Paper"))
    (image, paper, kept), notes = ready(
        call([
            linked("image", "https://w.example/picture"),
            linked("document", "https://w.example/paper"), text("?"),
        ]), web,
    )  # fmt: skip
    assert image["source"] == {
        "type": "base64", "media_type": "image/png", "data": base64.b64encode(PICTURE).decode(),
    }  # fmt: skip
    assert said(paper) == "Paper\n" and kept["text"] == "?"
    assert notes == ["approximated:image.url", "approximated:document.url"]
    assert [most for _, most in web.asked] == [10_000_000, 32 * 1024 * 1024]


def test_links_stand_anywhere_an_image_may() -> None:
    web = Web(picture=PICTURE)
    picture = linked("image", "https://w.example/picture")
    blocks, notes = ready(call([text("go")], [result(picture), holding(text("a"), picture)]), web)
    inner = blocks[0]["content"][0], blocks[1]["source"]["content"][1]
    assert [image["source"]["type"] for image in inner] == ["base64", "base64"]
    assert notes == ["approximated:image.url=2"]
    assert len(web.asked) == 1


@pytest.mark.parametrize("kind", ["jpeg", "gif", "webp"])
def test_a_picture_is_of_the_kind_its_bytes_say(kind: str) -> None:
    heads = {
        "jpeg": bytes.fromhex("ffd8ffc0000b080001000101011100ffd9"),
        "gif": b"GIF89a\1\0\1\0\0\0\0;",
        "webp": base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="),
    }
    (image,), _ = ready(
        call([linked("image", "https://w.example/picture")]), Web(picture=heads[kind])
    )
    assert image["source"]["media_type"] == f"image/{kind}"


def test_counting_leaves_links_alone_and_reads_pdfs() -> None:
    web = Web(picture=PICTURE)
    picture = linked("image", "https://w.example/picture")
    (image, paper), notes = ready(call([picture, document(pdf("Hello"))]), web, fetch=False)
    assert plain(image) == picture and said(paper) == "Hello\n"
    assert (notes, web.asked) == (["approximated:document.base64"], [])


PLAIN: dict[str, m.Call] = {
    "words": m.decode(b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'),
    "blocks": call([text("hi")]),
    "a picture": call([
        {"type": "image", "source": {"type": "base64", "media_type": "image/png",
                                     "data": base64.b64encode(PICTURE).decode()}},
    ]),
    "a document that is text": call([
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}},
        holding(text("a")),
    ]),
    "a result": call([text("go")], [result(text("done"))]),
}  # fmt: skip


@pytest.mark.parametrize("asked", PLAIN.values(), ids=PLAIN)
def test_a_call_without_files_is_the_very_same_at_once(asked: m.Call) -> None:
    going = Material().ready(asked)
    with pytest.raises(StopIteration) as done:
        going.send(None)  # not a single pause
    assert done.value.value == (asked, ()) and done.value.value[0] is asked


def test_what_holds_no_file_stays_the_very_same() -> None:
    asked = call([text("go"), text("on")], [result(text("a")), holding(text("b"))], [
        result(text("c")), document(pdf("Hello")),
    ])  # fmt: skip
    made, _ = asyncio.run(Material().ready(asked))
    assert made.messages[:-1] == asked.messages[:-1]
    for new, old in zip(made.messages[:-1], asked.messages[:-1], strict=True):
        assert new is old
    assert made.messages[-1].content[0] is asked.messages[-1].content[0]  # type: ignore[index]


FETCHING = Web(
    page=b"<html>", wide=png(8001, 1), huge=png() + bytes(11 * 1024 * 1024),
    locked=locked(pdf("x"), "hush"), nothing=b"",
)  # fmt: skip
INVALID, HIDDEN = "The PDF specified was not valid.", "messages.0.content.0.pdf.source.base64.data"
REFUSED: dict[str, tuple[m.Call, Web | None, str]] = {
    "a broken PDF": (call([document(b"%PDF-1.7 no")]), None, f"{HIDDEN}: {INVALID}"),
    "a locked PDF": (
        call([document(locked(pdf("x"), "hush"))]), None,
        f"{HIDDEN}: The PDF specified is password protected.",
    ),
    "no PDF": (call([document(PICTURE)]), None, f"{HIDDEN}: {INVALID}"),
    "no base64": (call([document("%PDF-1.7")]), None, f"{HIDDEN}: {INVALID}"),
    "letters beyond base64": (call([document("JVBÉ" * 9)]), None, f"{HIDDEN}: {INVALID}"),
    "base64, cut": (
        call([document(base64.b64encode(pdf("x")).decode()[:-3])]), None, f"{HIDDEN}: {INVALID}",
    ),
    "a data URL": (
        call([document("data:application/pdf;base64," + base64.b64encode(pdf("x")).decode())]),
        None, f"{HIDDEN}: {INVALID}",
    ),
    "101 pages": (
        call([document(pdf(*["p"] * 101))]), None,
        f"{HIDDEN}: A maximum of 100 PDF pages may be provided.",
    ),
    "the second of two": (
        call([document(pdf("x")), document(of_contents([b""]))]), None,
        f"messages.0.content.1.pdf.source.base64.data: {INVALID} "
        "Its pages hold no text that could be read; send them as images.",
    ),
    "in a result": (
        call([text("go")], [text("a"), result(text("b"), document(b"no"))]), None,
        f"messages.2.content.1.tool_result.content.1.pdf.source.base64.data: {INVALID}",
    ),
    "a link where none is followed": (
        call([text("a"), linked("image", "https://w.example/x")]), None,
        "messages.0.content.1.image.source.url: files are not fetched from URLs here "
        "(AMQ2API_FETCH_URLS); send the content itself",
    ),
    "a link to nowhere": (
        call([linked("document", "https://w.example/x")]), FETCHING,
        "messages.0.content.0.document.source.url: Unable to download the file. (status 404)",
    ),
    "a link in a document": (
        call([holding(text("a"), linked("image", "https://w.example/x"))]), FETCHING,
        "messages.0.content.0.document.source.content.content.1.image.source.url: "
        "Unable to download the file. (status 404)",
    ),
    "a page for a picture": (
        call([linked("image", "https://w.example/page")]), FETCHING,
        "messages.0.content.0.image.source.url: Could not process image",
    ),
    "nothing for a picture": (
        call([linked("image", "https://w.example/nothing")]), FETCHING,
        "messages.0.content.0.image.source.url: Could not process image",
    ),
    "a picture too wide": (
        call([linked("image", "https://w.example/wide")]), FETCHING,
        "messages.0.content.0.image.source.url.data: At least one of the image dimensions exceed "
        "max allowed size: 8000 pixels",
    ),
    "a picture too large": (
        call([linked("image", "https://w.example/huge")]), FETCHING,
        "messages.0.content.0.image.source.url: image exceeds 10 MB maximum: "
        f"{11 * 1024 * 1024 + len(png())} bytes > 10000000 bytes",
    ),
    "a page for a PDF": (
        call([linked("document", "https://w.example/page")]), FETCHING,
        f"messages.0.content.0.document.source.url: {INVALID}",
    ),
    "a locked PDF behind a link": (
        call([linked("document", "https://w.example/locked")]), FETCHING,
        "messages.0.content.0.document.source.url: The PDF specified is password protected.",
    ),
    "the first of two bad links": (
        call([linked("image", "https://w.example/page"), linked("image", "https://w.example/x")]),
        FETCHING, "messages.0.content.0.image.source.url: Could not process image",
    ),
    "too many links": (
        call([linked("image", f"https://w.example/{n}") for n in range(21)]), FETCHING,
        "messages.0.content.20.image.source.url: at most 20 URLs per request",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "web", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_and_where(asked: m.Call, web: Web | None, words: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        ready(asked, web)
    assert str(refusal.value) == words


def test_line_breaks_in_base64_are_none_of_its_content() -> None:
    data = base64.b64encode(pdf("Hello " * 99)).decode()
    for broken in ("\r\n".join(data[at : at + 76] for at in range(0, len(data), 76)), f" {data}\n"):
        (made,), _ = ready(call([document(broken)]))
        assert said(made).startswith("Hello Hello")


def test_a_large_pdf_in_base64_is_whole() -> None:
    # Taken in pieces of a megabyte; here a line break falls into each place where one is cut.
    large = pdf("Hello") + bytes(3_000_000)
    data = base64.b64encode(large).decode()
    for shift in range(4):
        (made,), _ = ready(call([document("\n" * shift + data)]))
        assert said(made) == "Hello\n"


def test_every_pdf_is_read_once() -> None:
    async def story() -> None:
        read = Counting()
        material = Material(reading=Reading(read=read))
        paper, locked_one = document(pdf("Hello")), document(locked(pdf("x"), "hush"))
        for _ in range(3):
            await material.ready(call([paper, paper], [result(paper)]))
        assert read.times == 1
        for _ in range(3):
            with pytest.raises(BadRequest, match=r"^messages\.0\.content\.0\.pdf.*password"):
                await material.ready(call([locked_one]))
        assert read.times == 2

    asyncio.run(story())


def test_a_link_is_followed_once_in_a_while() -> None:
    async def story() -> None:
        web = Web(paper=pdf("Paper"))
        material = Material(web)
        asked = call([linked("document", "https://w.example/paper")])
        for _ in range(3):
            await material.ready(asked)
        assert len(web.asked) == 1
        # An image of the same name is another thing.
        with pytest.raises(BadRequest, match="Could not process image"):
            await material.ready(call([linked("image", "https://w.example/paper")]))

    asyncio.run(story())


def test_a_small_pdf_meant_a_thousand_times_is_an_overflow() -> None:
    paper = document(pdf(*["\n".join(["words " * 20] * 50)] * 10))
    with pytest.raises(ContextTooLong, match=r"messages\.0\.content\.\d+: .* 4000000 characters"):
        ready(call([paper] * 200))


def test_too_much_text_in_one_pdf_is_an_overflow() -> None:
    def read(data: bytes, limits: Limits, expired: Callable[[], bool]) -> PdfText:
        return reading_pdf.text(data, limits._replace(characters=5), expired)

    async def story() -> None:
        with pytest.raises(ContextTooLong, match=r"^messages\.0.*more than 5 characters"):
            await Material(reading=Reading(read=read)).ready(call([document(pdf("Hello"))]))

    asyncio.run(story())


class Slow:
    """A file that is read for ever, and how many are at the same time.

    Args:
        stopping: Seconds until the reading has noticed that it is over.
    """

    def __init__(self, stopping: float = 0.0) -> None:
        self.stopping = stopping
        self.now = self.most = self.stopped = 0

    def __call__(self, data: bytes, limits: Limits, expired: Callable[[], bool]) -> PdfText:
        self.now += 1
        self.most = max(self.most, self.now)
        while not expired():
            time.sleep(0.005)
        time.sleep(self.stopping)
        self.now -= 1
        self.stopped += 1
        raise BadRequest(reading_pdf.TOO_LONG)


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came true")


async def _failure(going: Awaitable[object]) -> GatewayError:
    try:
        await going
    except GatewayError as failure:
        return failure
    raise AssertionError("it went well")


def test_a_pdf_that_takes_too_long_is_given_up_and_stops() -> None:
    async def story() -> None:
        slow = Slow()
        material = Material(reading=Reading(seconds=0.1, read=slow))
        for times in (1, 2):
            failure = await _failure(material.ready(call([document(b"long")])))
            assert str(failure) == f"{HIDDEN}: {reading_pdf.TOO_LONG}"
            # Another time it may be quicker, so nothing is remembered.
            await _until(lambda times=times: slow.stopped == times)  # type: ignore[misc]

    asyncio.run(story())


def test_two_are_read_at_a_time_and_who_never_had_a_turn_may_come_again() -> None:
    async def story() -> None:
        slow = Slow(stopping=1.0)
        material = Material(reading=Reading(seconds=0.3, read=slow))
        calls = [call([document(b"%d" % n)]) for n in range(5)]
        failures = await asyncio.gather(*(_failure(material.ready(one)) for one in calls))
        assert [type(failure) for failure in failures].count(BadRequest) == 2
        assert [type(failure) for failure in failures].count(UpstreamBusy) == 3
        await _until(lambda: slow.now == 0)
        assert (slow.most, slow.stopped) == (2, 2)

    asyncio.run(story())


def test_a_client_that_leaves_stops_the_reading() -> None:
    async def story() -> None:
        slow = Slow()
        material = Material(reading=Reading(read=slow))
        going = asyncio.ensure_future(material.ready(call([document(b"long")])))
        await _until(lambda: slow.now == 1)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        await _until(lambda: slow.stopped == 1)

    asyncio.run(story())


def test_patience_with_one_call_has_an_end() -> None:
    async def forever(url: str, most: int) -> bytes:
        await asyncio.sleep(60)
        raise AssertionError

    async def story() -> None:
        asked = call([linked("image", "https://w.example/x")])
        failure = await _failure(Material(forever, patience=0.05).ready(asked))
        assert str(failure) == (
            "messages.0.content.0.image.source.url: getting and reading files took too long"
        )

    asyncio.run(story())


def test_others_are_served_while_a_hostile_pdf_is_read() -> None:
    """Whatever it holds, nothing on the loop waits for it longer than for a turn at the lock."""

    async def story() -> None:
        hostile = of_contents([shown("words " * 10) * 4000] * 100, packed=True)
        material = Material(reading=Reading(seconds=2.0))
        going = asyncio.ensure_future(_failure(material.ready(call([document(hostile)]))))
        longest, began = 0.0, time.monotonic()
        while not going.done():
            before = time.monotonic()
            await asyncio.sleep(0.001)
            longest = max(longest, time.monotonic() - before)
        assert reading_pdf.TOO_LONG in str(going.result())
        assert time.monotonic() - began < 8
        assert longest < 1.0

    asyncio.run(story())

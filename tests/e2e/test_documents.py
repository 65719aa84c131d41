"""Documents and pictures all the way: from a client's request to what the service gets to read."""

import base64
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import pytest

from amq2api.relay.material import Material
from amq2api.relay.reading import Reading
from amq2api.upstream.fetch import Fetch
from bridge.pdfs import locked, of_contents, pdf, shown
from e2e.answers import Json
from e2e.asking import MODEL, fetch, post, say
from e2e.houses import House, opened
from e2e.pictures import png
from threaded import Quiet, serving

pytestmark = pytest.mark.e2e

PAPER = pdf("The moon is made of green cheese.\nSo it is said.", "Second page: 42.")
TEXT = "The moon is made of green cheese.\nSo it is said.\n\n\nSecond page: 42.\n"
EXPLAIN = {"amq2api-explain": "1"}


def document(data: bytes, **members: Any) -> Json:
    encoded = base64.b64encode(data).decode()
    source = {"type": "base64", "media_type": "application/pdf", "data": encoded}
    return {"type": "document", "source": source, **members}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def user(*content: Json) -> Json:
    return {"role": "user", "content": list(content)}


def asking(*messages: Json, **members: Any) -> Json:
    return {"model": MODEL, "max_tokens": 512, "messages": list(messages), **members}


def heard(house: House) -> list[str]:
    """What the service has read in the last call: its user messages, one after the other."""
    state = house.asked()[-1].body["conversationState"]
    turns = [*state.get("history", []), state["currentMessage"]]
    return [turn["userInputMessage"]["content"] for turn in turns if "userInputMessage" in turn]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streaming"])
def test_a_pdf_sent_twice_in_a_conversation(house: House, stream: bool) -> None:
    first = user(document(PAPER, title="Moon"), text("What is the moon made of?"))
    answer = post(house.url, asking(first, stream=stream), EXPLAIN)
    assert answer.outcome() == "end_turn"
    assert "approximated:document.base64" in answer.headers["amq2api-fidelity"].split(", ")
    asked = f"Moon\n{TEXT}\n\nWhat is the moon made of?"
    assert heard(house) == [asked]

    again = user(document(pdf("Other paper.")), document(PAPER), text("And now?"))
    said = {"role": "assistant", "content": "Cheese."}
    answer = post(house.url, asking(first, said, again, stream=stream), EXPLAIN)
    assert answer.outcome() == "end_turn"
    assert "approximated:document.base64=3" in answer.headers["amq2api-fidelity"].split(", ")
    # What was said before is said again in the very same words.
    assert heard(house) == [asked, f"Other paper.\n\n\n{TEXT}\n\nAnd now?"]


def test_the_sdk_sends_a_pdf(house: House) -> None:
    encoded = base64.b64encode(PAPER).decode()
    with anthropic.Anthropic(base_url=house.url, api_key="any") as client:
        message = client.messages.create(
            model=MODEL, max_tokens=512,
            messages=[{"role": "user", "content": [
                {"type": "document", "title": "Moon", "source": {
                    "type": "base64", "media_type": "application/pdf", "data": encoded}},
                {"type": "text", "text": "Hm?"},
            ]}],
        )  # fmt: skip
    assert message.stop_reason == "end_turn"
    assert heard(house) == [f"Moon\n{TEXT}\n\nHm?"]


def test_a_tool_brings_a_pdf(house: House) -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1",
              "content": [text("Here:"), document(PAPER)]}  # fmt: skip
    tools = [{"name": "read", "input_schema": {"type": "object"}}]
    turns = user(text("Read.")), {"role": "assistant", "content": [use]}, user(result)
    assert post(house.url, asking(*turns, tools=tools)).outcome() == "end_turn"
    context = house.asked()[-1].body["conversationState"]["currentMessage"]["userInputMessage"]
    (answered,) = context["userInputMessageContext"]["toolResults"]
    assert [part["text"] for part in answered["content"]] == ["Here:", TEXT]


def counted(house: House, *content: Json) -> int:
    body = {"model": MODEL, "messages": [user(*content)]}
    answer = post(house.url, body, path="/v1/messages/count_tokens")
    assert answer.status == 200, answer.body
    return int(json.loads(answer.body)["input_tokens"])


def test_the_text_of_a_pdf_is_counted(house: House) -> None:
    page = "\n".join(["Cheese is what the moon is made of, said the mouse."] * 40)
    alone, written = counted(house, text("?")), counted(house, text("?"), text(f"{page}\n"))
    assert counted(house, text("?"), document(pdf(page))) - alone == pytest.approx(
        written - alone, rel=0.05
    )
    # Of a picture behind a link nobody can know; that it counts for something is enough.
    picture = {"type": "image", "source": {"type": "url", "url": "https://w.example/x.png"}}
    assert counted(house, text("?"), picture) > alone
    assert house.asked() == []


NOT_VALID = "The PDF specified was not valid."
REFUSED: dict[str, tuple[Json, str]] = {
    "broken": (document(b"%PDF-1.7 and then nothing"), NOT_VALID),
    "cut": (document(PAPER[:400]), NOT_VALID),
    "no PDF": (document(png()), NOT_VALID),
    "without text": (document(of_contents([b""])), f"{NOT_VALID} Its pages hold no text"),
    "locked": (document(locked(PAPER, "hush")), "The PDF specified is password protected."),
    "too many pages": (
        document(pdf(*["page"] * 101)), "A maximum of 100 PDF pages may be provided.",
    ),
    "a bomb": (
        document(of_contents([b" " * 50_000_000], packed=True)),
        f"{NOT_VALID} It unpacks to too much.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streaming"])
@pytest.mark.parametrize(("block", "words"), REFUSED.values(), ids=REFUSED)
def test_a_pdf_that_cannot_be_read_is_named(
    house: House, block: Json, words: str, stream: bool
) -> None:
    answer = post(house.url, asking(user(text("Read this."), block), stream=stream))
    assert answer.outcome() == "400 invalid_request_error"
    message = json.loads(answer.body)["error"]["message"]
    assert message.startswith("messages.0.content.1.pdf.source.base64.data: " + words)
    assert house.asked() == []
    record = house.relay.records.recent()[0]
    assert (record.outcome, record.ok) == ("BadRequest", False)


def test_one_that_is_locked_for_changes_only_is_read(house: House) -> None:
    answer = post(house.url, asking(user(document(locked(PAPER, "")), text("?"))))
    assert answer.outcome() == "end_turn"
    assert heard(house) == [f"{TEXT}\n\n?"]


def test_others_are_answered_while_a_hostile_pdf_is_read(house: House) -> None:
    hostile = document(of_contents([shown("words " * 10) * 4000] * 100, packed=True))
    before, house.relay.material = house.relay.material, Material(reading=Reading(seconds=4.0))
    try:
        with ThreadPoolExecutor(4) as clients:
            attacks = [
                clients.submit(post, house.url, asking(user(hostile, text(str(n)))))
                for n in range(2)
            ]
            time.sleep(0.3)
            slowest = 0.0
            while not all(attack.done() for attack in attacks):
                began = time.monotonic()
                assert post(house.url, say("Hello.")).outcome() == "end_turn"
                slowest = max(slowest, time.monotonic() - began)
            outcomes = [attack.result().outcome() for attack in attacks]
    finally:
        house.relay.material = before
    assert outcomes == ["400 invalid_request_error"] * 2
    assert slowest < 2.5


def linked(kind: str, url: str) -> Json:
    return {"type": kind, "source": {"type": "url", "url": url}}


class Files(Quiet):
    """A web server with a picture, a paper and a way to where nobody may go."""

    asked: list[str] = []  # noqa: RUF012  (of all of them)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        bodies = {"/picture": png(), "/paper": PAPER}
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.end_headers()
            return
        body = bodies.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body or b"")


@contextmanager
def web() -> Iterator[int]:
    """The port of one on this machine."""
    Files.asked.clear()
    with serving(Files) as port:
        yield port


def test_links_are_followed_where_that_is_switched_on(tmp_path: Path) -> None:
    with web() as port, opened(tmp_path, fetch_urls=True) as house:
        # For this test this machine counts as a public web server.
        house.relay.material = Material(
            Fetch(user_agent="amq2api/0", admits=lambda to, at: (to, at) == ("127.0.0.1", port))
        )
        place = f"http://127.0.0.1:{port}"
        content = linked("image", f"{place}/picture"), linked("document", f"{place}/paper")
        for _ in range(2):
            answer = post(house.url, asking(user(*content, text("?"))), EXPLAIN)
            assert answer.outcome() == "end_turn"
            notes = answer.headers["amq2api-fidelity"].split(", ")
            assert {"approximated:image.url", "approximated:document.url"} <= set(notes)
            assert heard(house) == [f"{TEXT}\n\n?"]
            state = house.asked()[-1].body["conversationState"]
            (picture,) = state["currentMessage"]["userInputMessage"]["images"]
            assert picture == {
                "format": "png", "source": {"bytes": base64.b64encode(png()).decode()},
            }  # fmt: skip
        assert sorted(Files.asked) == ["/paper", "/picture"]
        for path, words in {
            "/nothing": "Unable to download the file. Please verify the URL and try again.",
            "/paper": "Could not process image",
            "/moved": "only web servers with public addresses are asked",
        }.items():
            answer = post(house.url, asking(user(linked("image", place + path))))
            assert answer.outcome() == "400 invalid_request_error"
            message = json.loads(answer.body)["error"]["message"]
            assert message.startswith("messages.0.content.0.image.source.url: ")
            assert words in message and path not in message
        assert house.complaints() == []


@pytest.mark.parametrize("switched_on", [False, True])
def test_links_to_this_machine_are_never_followed(tmp_path: Path, switched_on: bool) -> None:
    with web() as port, opened(tmp_path, fetch_urls=switched_on) as house:
        for url in (
            f"http://127.0.0.1:{port}/picture", f"http://localhost:{port}/picture",
            f"http://[::ffff:127.0.0.1]:{port}/picture", f"{house.url}/api/accounts",
            "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd",
        ):  # fmt: skip
            for kind in ("image", "document"):
                answer = post(house.url, asking(user(linked(kind, url))))
                assert answer.outcome() == "400 invalid_request_error"
                message = json.loads(answer.body)["error"]["message"]
                assert message.startswith(f"messages.0.content.0.{kind}.source.url: ")
                assert url not in message
                assert ("AMQ2API_FETCH_URLS" in message) is not switched_on
        assert Files.asked == [] and house.asked() == []
        assert fetch(f"{house.url}/health").status == 200

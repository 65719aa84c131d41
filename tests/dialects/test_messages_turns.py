import base64
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.dialects import messages as m
from amq2api.errors import BadRequest
from dialects.requests import (
    IMAGES,
    PNG,
    Json,
    assistant,
    b64,
    body,
    call,
    document,
    image,
    result,
    text,
    user,
)

HI = user(text("hi"))
SYSTEM: Json = {"role": "system", "content": "be brief"}


PDF = document(type="base64", media_type="application/pdf", data="JVBERi0=")
FROM_THE_WEB: Json = {"type": "image", "source": {"type": "url", "url": "https://x.example/"}}


def refusal(data: bytes) -> str:
    with pytest.raises(BadRequest) as caught:
        m.decode(data)
    return str(caught.value)


def nested(block: Json) -> Json:
    return user(result([text("see"), block]))


def png(width: int, height: int) -> bytes:
    return PNG[:16] + struct.pack(">II", width, height) + PNG[24:]


def jpeg(width: int, height: int, *, notes: int = 0) -> bytes:
    comment = b"\xff\xfe" + struct.pack(">H", notes + 2) + bytes(notes)
    size = b"\xff\xc0" + struct.pack(">HBHH", 17, 8, height, width) + bytes(10)
    return b"\xff\xd8" + comment + size


HEAD = "messages.0.content.0"
ENUM = "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
BIG = b64(PNG + bytes(10_000_000 - len(PNG)))
BIGGER = b64(PNG + bytes(10_000_000 + 1 - len(PNG)))
NO_FILES = "there is no file store here; send the content itself"
USER_ONLY = "blocks can only be in `user` messages"
NOT_THE_SYSTEM_S = "role 'system' supports text, tool_addition, and tool_removal blocks only"
TOO_MANY_PIXELS = (
    "image.source.base64.data: At least one of the image dimensions exceed max allowed size: "
    "8000 pixels"
)
ASSISTANT_ONLY = "blocks can only be in `assistant` messages"

REFUSED: dict[str, tuple[bytes, str]] = {
    "C-039 no messages": (body(messages=[]), "messages: at least one message is required"),
    "no content": (body(HI, {"role": "user"}), "messages.1.content: Field required"),
    "content null": (
        body(HI, {"role": "assistant", "content": None}), "messages.1.content: Field required",
    ),
    "C-081 the assistant first": (
        body(SYSTEM, assistant(text("hi")), HI),
        'messages: first message must use the "user" role',
    ),
    "C-097 a final space": (
        body(HI, assistant(text("The answer is "))),
        "messages: final assistant content cannot end with trailing whitespace",
    ),
    "a final line end": (
        body(HI, {"role": "assistant", "content": "So:\n"}),
        "messages: final assistant content cannot end with trailing whitespace",
    ),
    "C-086 nothing said": (
        body(user(), user(text(""), text(" \n")), {"role": "user", "content": ""}),
        "messages: text content blocks must be non-empty",
    ),
    "nothing said, by the system": (
        body(user(), {"role": "system"}), "messages: text content blocks must be non-empty",
    ),
    # Blocks in the wrong mouth
    "a call of the user's": (
        body(user(text("x"), call())), f"messages.0: `tool_use` {ASSISTANT_ONLY}",
    ),
    "thoughts of the user's": (
        body(user({"type": "thinking", "thinking": "hm"})),
        f"messages.0: `thinking` {ASSISTANT_ONLY}",
    ),
    "hidden thoughts of the user's": (
        body(user({"type": "redacted_thinking", "data": "x"})),
        f"messages.0: `redacted_thinking` {ASSISTANT_ONLY}",
    ),
    "a result of the assistant's": (
        body(HI, assistant(result())), f"messages.1: `tool_result` {USER_ONLY}",
    ),
    "an image of the assistant's": (
        body(HI, assistant(image())), f"messages.1: `image` {USER_ONLY}",
    ),
    "a call of the system's": (
        body(HI, {"role": "system", "content": [call()]}),
        f"messages.1: {NOT_THE_SYSTEM_S}",
    ),
    "a document of the system's": (
        body(HI, {"role": "system", "content": [document(type="text", data="x")]}),
        f"messages.1: {NOT_THE_SYSTEM_S}",
    ),
    # Tool calls
    "a call without an id": (
        body(HI, assistant(call() | {"id": ""})),
        "messages.1.content.0.tool_use.id: String should have at least 1 character",
    ),
    "a call of nothing": (
        body(HI, assistant(call() | {"name": ""})),
        "messages.1.content.0.tool_use.name: String should have at least 1 character",
    ),
    "an input in words": (
        body(HI, assistant(call() | {"input": "{}"})),
        "messages.1.content.0.tool_use.input: Input should be an object",
    ),
    "an input of null": (
        body(HI, assistant(call() | {"input": None})),
        "messages.1.content.0.tool_use.input: Input should be an object",
    ),
    # Images
    "an image of nothing": (
        body(user(image(data=""))), f"{HEAD}.image.source.base64: image cannot be empty",
    ),
    "a PDF of nothing": (
        body(user(document(type="base64", media_type="application/pdf", data=""))),
        f"{HEAD}.document.source.base64: PDF cannot be empty",
    ),
    "an image that is too wide": (
        body(user(image(data=b64(png(8001, 1))))), f"{HEAD}.{TOO_MANY_PIXELS}",
    ),
    "an image that is too high": (
        body(user(image(data=b64(png(8000, 8001))))), f"{HEAD}.{TOO_MANY_PIXELS}",
    ),
    "a photograph that is too wide": (
        body(user(image("image/jpeg", b64(jpeg(9000, 10))))), f"{HEAD}.{TOO_MANY_PIXELS}",
    ),
    "a photograph with long notes that is too wide": (
        body(user(image("image/jpeg", b64(jpeg(9000, 10, notes=60_000))))),
        f"{HEAD}.{TOO_MANY_PIXELS}",
    ),
    "C-098 an unknown image type": (
        body(user(image("image/bmp"))), f"{HEAD}.image.source.base64.media_type: {ENUM}",
    ),
    "jpg for jpeg": (
        body(user(image("image/jpg"))), f"{HEAD}.image.source.base64.media_type: {ENUM}",
    ),
    "another image's type": (
        body(user(image("image/jpeg"))),
        f"{HEAD}.image.source.base64: Image does not match the provided media type image/jpeg",
    ),
    "an image over 10 MB": (
        body(user(image(data=BIGGER))),
        f"{HEAD}.image.source.base64: image exceeds 10 MB maximum: "
        "10000001 bytes > 10000000 bytes",
    ),
    "an image from a file": (
        body(user({"type": "image", "source": {"type": "file", "file_id": "f"}})),
        f"{HEAD}.image.source.file: {NO_FILES}",
    ),
    "an image in a result": (
        body(nested(image("image/bmp"))),
        f"{HEAD}.tool_result.content.1.image.source.base64.media_type: {ENUM}",
    ),
    "an image in a document": (
        body(user(document(type="content", content=[text("x"), image("image/bmp")]))),
        f"{HEAD}.document.source.content.content.1.image.source.base64.media_type: {ENUM}",
    ),
    # Documents
    "a document of another type": (
        body(user(document(type="base64", media_type="text/plain", data="eA=="))),
        f"{HEAD}.document.source.base64.media_type: Input should be 'application/pdf'",
    ),
    "a document of another type in a result": (
        body(nested(document(type="base64", media_type="text/plain", data="eA=="))),
        f"{HEAD}.tool_result.content.1.document.source.base64.media_type: Input should be",
    ),
    "a document from a file": (
        body(user(document(type="file", file_id="f"))),
        f"{HEAD}.document.source.file: {NO_FILES}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "complaint"), REFUSED.values(), ids=REFUSED)
def test_refused(data: bytes, complaint: str) -> None:
    assert refusal(data).startswith(complaint)


NO_IMAGES: dict[str, str] = {
    "no base64": "????",
    "a data URL": f"data:image/png;base64,{b64(PNG)}",
    "lines": base64.encodebytes(PNG * 3).decode(),
    "cut": b64(PNG)[:-1],
    "padded in the middle": b64(PNG)[:22] + "==" + b64(PNG),
    "padded before the end": b64(PNG)[:-4] + "AA=A",
    "nothing but padding": "====",
    "letters of other scripts": b64(PNG)[:-4] + "ÄÖÜß",
    "the alphabet for URLs": b64(PNG)[:-4] + "-_-_",
    "a PDF": b64(b"%PDF-1.7 and more"),
    "text": b64(b"hello"),
}


@pytest.mark.parametrize("data", NO_IMAGES.values(), ids=NO_IMAGES)
def test_c_100_what_is_no_image(data: str) -> None:
    words = f"{HEAD}.image.source.base64: Could not process image"
    assert refusal(body(user(image(data=data)))) == words


def test_too_many_messages() -> None:
    many = [{"role": "user", "content": "x"}] * 100_001
    assert isinstance(m.decode(body(*many[1:])), m.Call)
    words = "messages: List should have at most 100000 items, not 100001"
    assert refusal(body(*many)) == words


ACCEPTED: dict[str, bytes] = {
    # The bridge puts most of these right.
    "C-079 C-080 same role twice": body(HI, HI, assistant(text("a")), assistant(text("b")), HI),
    "system everywhere": body(SYSTEM, HI, SYSTEM, SYSTEM, HI, SYSTEM),
    "system, as blocks": body(HI, {"role": "system", "content": [text("x")]}),
    "system, empty": body(HI, {"role": "system", "content": []}),
    "system, absent": body(HI, {"role": "system", "output_config": {"effort": "low"}}),
    "system alone": body(SYSTEM),
    "tools told by the system": body(HI, SYSTEM | {"content": [{"type": "tool_addition"}]}),
    "C-086 C-087 empty text in between": body(HI, user(text(""), text("x")), user(), HI),
    "an empty string in between": body(HI, {"role": "user", "content": ""}, HI),
    "an image alone": body(user(image())),
    "a call without a result": body(HI, assistant(call()), HI),
    "a result without a call": body(user(result())),
    "results of every shape": body(
        user(result("x"), result([]), result(None), result([image()]) | {"is_error": True})
    ),
    "a result without content": body(user({"type": "tool_result", "tool_use_id": "t"})),
    "ids and names of any characters": body(HI, assistant(call() | {"id": "a b", "name": "ü.x"})),
    "C-095 a foreign signature": body(
        HI, assistant({"type": "thinking", "thinking": "", "signature": "?"}), HI
    ),
    "a document of the assistant's": body(HI, assistant(document(type="text", data="x")), HI),
    "C-097 a prefill": body(HI, assistant(text("The answer is ("))),
    "an empty prefill": body(HI, assistant()),
    "a final space of the user's": body(HI, assistant(text("so ")), user(text("go on "))),
    "a prefill that ends in a call": body(HI, assistant(text("so "), call())),
    "a space before the end": body(HI, assistant(text("so ")), HI),
    "documents": body(
        user(document(type="text", data="x"), document(type="content", content="y"))
    ),
    "an image from the web": body(user(FROM_THE_WEB)),
    "documents to be read": body(user(PDF, document(type="url", url="https://x.example/"))),
    # Beyond the first bytes the service judges.
    "the head of an image": body(user(image(data=b64(PNG[:18])))),
    "an image that tells no size": body(user(image(data=b64(png(0, 5))))),
    "an image as large as may be": body(user(image(data=b64(png(8000, 8000))))),
    "an image of just 10 MB": body(user(image(data=BIG))),
    "C-094 history with tools but none declared": body(HI, assistant(call()), user(result())),
    **{kind: body(user(image(kind, b64(data)))) for kind, data in IMAGES.items()},
}  # fmt: skip


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(data: bytes) -> None:
    assert isinstance(m.decode(data), m.Call)


@given(st.binary(min_size=12, max_size=99), st.sampled_from(sorted(IMAGES)))
def test_padding_is_read_as_the_standard_library_reads_it(tail: bytes, kind: str) -> None:
    data = b64(IMAGES[kind] + tail)
    assert isinstance(m.decode(body(user(image(kind, data)))), m.Call)


RFC_4648 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


@given(st.text("AQ+/=-\n ", max_size=12))
def test_only_whole_base64_is_taken(tail: str) -> None:
    data = b64(PNG + b"\0" * (-len(PNG) % 3)) + tail
    request = body(user(image(data=data)))
    if RFC_4648.fullmatch(data):
        assert isinstance(m.decode(request), m.Call)
    else:
        assert "Could not process image" in refusal(request)

"""What Claude Code makes of our refusals: it reads them, and asks again with less.

Source: claude-api.md 7.6 and 9.5. The patterns are those of its classifier, on lower-case words;
a refusal must fall into the class whose remedy helps, and into no other.
"""

import re
from collections.abc import Iterator

import pytest

from amq2api import errors
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest, GatewayError
from dialects.requests import Json, assistant, b64, body, document, image, result, text, tool, user

CLASSES: dict[str, str] = {
    "mid_conv_system": r"unexpected role.*input message role|input should be 'user' or 'assistant'"
                       r"|unknown variant 'system', expected|role 'system' must (follow|precede) a"
                       r"|use the top-level `system` parameter for the initial system prompt"
                       r"|cache_control.*system message|role.?'?system.*not supported",
    "cache_control_field": r"cache_control.*(not permitted|unknown field|additional propert)",
    "thinking_signature": r"signature.*in.*thinking.*block|invalid data in redacted_thinking block"
                          r"|thinking\.signature.*field required|cannot be modified",
    "thinking_type": r"thinking\.type.*(enabled|adaptive).*not supported"
                     r"|adaptive thinking is not supported",
    "structured_outputs_unsupported": r"output_config\.format: extra inputs are not permitted",
    "effort_unsupported": r"effort parameter.*not support"
                          r"|output_config.*(extra inputs|requires a model that supports)",
    "media_budget": r"too much media",
    "image_block": r"could not process image|image exceeds|image dimensions exceed"
                   r"|image cannot be empty|image does not match the provided media type"
                   r"|messages\.\d+\.content\.\d+(\.[a-z_.0-9]+)?\.image",
    "document_block": r"the pdf specified was not valid|is password protected|maximum.*pdf pages"
                      r"|pdf cannot be empty|messages\.\d+\.content\.\d+(\.[a-z_.0-9]+)?\.document",
    "prompt_too_long": r"prompt is too long|input is too long for requested model"
                       r"|^input is too long\.$|maximum context length|context_length_exceeded"
                       r"|exceeds the context window|maximum prompt length"
                       r"|exceeds the maximum number of tokens allowed"
                       r"|reduce the length of the messages|context window exceeds limit",
    "max_tokens_context_overflow": r"input length and `max_tokens` exceed context limit",
    "beta_header": r"anthropic[-_]beta",
    "context_management": r"context_management: extra inputs are not permitted",
    "invalid_json": r"request body is not valid json",
    "tool_pairing": r"`tool_use` ids (must be unique|were found without)|unexpected `tool_use_id`",
}  # fmt: skip

HI = user(text("hi"))
SYSTEM: Json = {"role": "system", "content": "x"}
SEARCH: Json = {"type": "web_search_20250305", "name": "web_search"}
FILE: Json = {"type": "file", "file_id": "f"}

REFUSALS: dict[str, tuple[bytes, str]] = {
    "C-100 a broken image": (body(user(image(data="????"))), "image_block"),
    "a broken image in a result": (body(user(result([image(data="????")]))), "image_block"),
    "C-098 an image of no known type": (body(user(image("image/bmp"))), "image_block"),
    "an image of another type": (body(user(image("image/gif"))), "image_block"),
    "an empty image": (body(user(image(data=""))), "image_block"),
    "an image from a file": (body(user({"type": "image", "source": FILE})), "image_block"),
    "an image without data": (
        body(user({"type": "image", "source": {"type": "base64", "media_type": "image/png"}})),
        "image_block",
    ),
    "C-101 a document of another type": (
        body(user(document(type="base64", media_type="text/html", data="eA=="))), "document_block",
    ),
    "a document from a file": (body(user(document(**FILE))), "document_block"),
    "an empty PDF": (
        body(user(document(type="base64", media_type="application/pdf", data=""))),
        "document_block",
    ),
    "C-034 no JSON": (b"{", "invalid_json"),
    "C-069 a budget of all": (
        body(thinking={"type": "enabled", "budget_tokens": 4096}), "",
    ),
    "unknown thinking": (body(thinking={"type": "hard"}), ""),
    "unknown effort": (body(output_config={"effort": "most"}), ""),
    "unknown format": (body(output_config={"format": {"type": "xml"}}), ""),
    "a schema that is none": (
        body(output_config={"format": {"type": "json_schema", "schema": 7}}), "",
    ),
    "unknown role": (body(HI, {"role": "developer", "content": "x"}), ""),
    "a call of the system's": (
        body(HI, SYSTEM | {"content": [{"type": "tool_use", "id": "t", "name": "n", "input": {}}]}),
        "",
    ),
    "a result of the assistant's": (body(HI, assistant(result())), ""),
    "unknown block": (body(user({"type": "video"})), ""),
    "unknown block of a result": (body(user(result([{"type": "video"}]))), ""),
    "a server's tool": (body(tools=[{"type": "web_fetch_20250910", "name": "web_fetch"}]), ""),
    "a search of both kinds": (
        body(tools=[SEARCH | {"allowed_domains": ["a"], "blocked_domains": ["b"]}]), "",
    ),
    "tools of one name": (body(tools=[tool(), tool()]), ""),
    "threads": (body(thread={"type": "create"}), ""),
    "compaction": (body(compaction={"type": "summarize"}), ""),
    "containers": (body(container="c"), ""),
    "nothing said": (body(user(text(" "))), ""),
    "a final space": (body(HI, assistant(text("so "))), ""),
}  # fmt: skip


def classes(words: str) -> Iterator[str]:
    return (name for name, pattern in CLASSES.items() if re.search(pattern, words.lower()))


@pytest.mark.parametrize(("data", "remedy"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_calls_for_what_helps(data: bytes, remedy: str) -> None:
    with pytest.raises(BadRequest) as caught:
        m.decode(data)
    assert set(classes(str(caught.value))) == {remedy} - {""}


BY_THE_SERVICE: dict[str, tuple[GatewayError, str]] = {
    "C-105 too long, counted": (
        errors.ContextTooLong(tokens=250_000, maximum=200_000), "prompt_too_long",
    ),
    "C-150 too long, in the service's words": (
        errors.ContextTooLong("Input content length exceeds threshold."), "prompt_too_long",
    ),
    "C-150 too long, without words": (errors.ContextTooLong(), "prompt_too_long"),
    "reasoning of somebody else": (errors.ReasoningRefused("no"), "thinking_signature"),
    "too many images": (errors.MediaRefused("no"), "image_block"),
    "malformed": (errors.RequestRefused("Improperly formed request."), ""),
}  # fmt: skip


@pytest.mark.parametrize(("error", "remedy"), BY_THE_SERVICE.values(), ids=BY_THE_SERVICE)
def test_a_refusal_of_the_service_calls_for_what_helps(error: GatewayError, remedy: str) -> None:
    assert set(classes(m.envelope(error)["message"])) == {remedy} - {""}


def test_c_085_a_system_message_is_taken_wherever_it_stands() -> None:
    for messages in [SYSTEM, HI], [HI, SYSTEM], [HI, SYSTEM, SYSTEM, HI], [HI, SYSTEM, HI]:
        assert isinstance(m.decode(body(*messages)), m.Call)
    late = [HI, assistant(text("x")), SYSTEM]
    assert isinstance(m.decode(body(*late)), m.Call)


def test_the_sizes_of_images_are_refused_in_known_words() -> None:
    large = image(data=b64(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (9000).to_bytes(4, "big") * 2))
    with pytest.raises(BadRequest) as caught:
        m.decode(body(user(large)))
    assert set(classes(str(caught.value))) == {"image_block"}

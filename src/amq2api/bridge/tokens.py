"""Estimates of token counts. Estimates, and called that wherever they are shown.

No tokenizer of Claude 3 or later is published (claude-api.md 8.2), and the one that peers use
instead costs more than all the rest of a request (performance.md). So text is weighed: an
ASCII character is 1/3.6 of a token, as measured for English by the tokenizer of the current
models (3.60 characters a token; older models had 4.33, code has fewer: too high a count makes
a client compact early, too low a one makes the call fail). A character of three UTF-8 bytes,
as CJK has, is one token; between and beyond, the weight follows the bytes.

Weights add up and are never negative: more text, tools or system never means fewer tokens.
"""

import binascii
from collections.abc import Callable, Iterable, Mapping
from math import ceil, sqrt
from typing import Any, NamedTuple, Protocol

import msgspec

from amq2api.dialects import messages as m
from amq2api.dialects.messages.media import dimensions

__all__ = ["PLAIN", "Gauge", "Plain", "Size", "estimate", "of_image", "of_text", "size", "weigh"]

_PER_CHARACTER = 1 / 3.6
_PER_FURTHER_BYTE = (1 - _PER_CHARACTER) / 2

_PER_MESSAGE = 4  # role and delimiters
_PER_TOOL = 10
_TOOL_PROMPT = 500  # what the API itself says about tools: 286 to 804, by model (claude-api.md 8.3)

_PATCH = 28
_LONGEST_EDGE = 1568
_MOST_PATCHES = 1568
# Base64 characters that hold the size: a PNG, GIF or WebP tells it at once, a JPEG after its
# metadata, which is at most 64 KB a piece.
_HEADS = (256, 131_072)


class Size(NamedTuple):
    """What a call weighs by itself, before anything learned about its model."""

    text: float
    images: float


class Gauge(Protocol):
    """Turns a size into a count for one model."""

    def count(self, size: Size, model_id: str) -> int: ...


class Plain:
    """The gauge that has learned nothing."""

    def count(self, size: Size, model_id: str) -> int:
        return ceil(size.text + size.images)


PLAIN: Gauge = Plain()


def size(call: m.Call, model_id: str) -> Size:
    """The size of *call* for *model_id*."""
    return Size(float(estimate(call)), 0.0)


def weigh(text: str) -> float:
    """The tokens of *text*, not rounded: additive over its pieces."""
    size = len(text)
    if text.isascii():
        return size * _PER_CHARACTER
    further = len(text.encode("utf-8", "surrogatepass")) - size
    return size * _PER_CHARACTER + further * _PER_FURTHER_BYTE


def of_text(text: str) -> int:
    return ceil(weigh(text))


def estimate(call: m.Call) -> int:
    """The tokens of everything in *call* that a model reads."""
    total = sum(map(weigh, _system(call)))
    for message in call.messages:
        total += _PER_MESSAGE + _content(message.content)
    if call.tools:
        total += _TOOL_PROMPT + sum(map(_tool, call.tools))
    if call.output_format is not None:
        total += _raw(call.output_format.schema)
    if call.output_config is not None and call.output_config.format is not None:
        total += _raw(call.output_config.format.schema)
    return ceil(total)


def of_image(data: str) -> int:
    """Tokens of an image in base64 (claude-api.md 8.3, standard tier)."""
    size = _dimensions(data)
    if size is None:
        return _MOST_PATCHES
    width, height = size
    shrink = min(1.0, _LONGEST_EDGE / max(width, height, 1))
    patches = _patches(width * shrink, height * shrink)
    if patches > _MOST_PATCHES:
        # Close to the largest size that fits, which the API searches for.
        shrink *= sqrt(_MOST_PATCHES / patches)
        patches = _patches(width * shrink, height * shrink)
    return min(patches, _MOST_PATCHES)


def _patches(width: float, height: float) -> int:
    return max(1, ceil(width / _PATCH)) * max(1, ceil(height / _PATCH))


def _dimensions(data: str) -> tuple[int, int] | None:
    for head in _HEADS:
        try:
            found = dimensions(binascii.a2b_base64(data[:head]))
        except ValueError:  # binascii.Error: cut or broken base64
            continue
        if found is not None:
            return found
    return None


def _system(call: m.Call) -> Iterable[str]:
    if isinstance(call.system, str):
        return (call.system,)
    return [block.text for block in call.system or ()]


def _content(content: object) -> float:
    if isinstance(content, str):
        return weigh(content)
    return sum(map(_block, content)) if isinstance(content, list) else 0.0


def _block(block: Any) -> float:
    look = _WEIGHTS.get(type(block))
    return _raw(msgspec.json.encode(block)) if look is None else look(block)


def _document(block: m.Document) -> float:
    label = weigh(block.title or "") + weigh(block.context or "")
    match block.source:
        case m.TextSource(data=text):
            return label + weigh(text)
        case m.ContentSource(content=content):
            return label + _content(content)
    return label


# By type, because a request of 150 KB has hundreds of blocks; others count by their JSON.
_WEIGHTS: Mapping[type, Callable[[Any], float]] = {
    m.Text: lambda block: weigh(block.text),
    m.ToolUse: lambda block: _PER_MESSAGE + weigh(block.name) + _raw(block.input),
    m.ToolResult: lambda block: _PER_MESSAGE + _content(block.content),
    m.Thinking: lambda block: weigh(block.thinking),
    m.RedactedThinking: lambda block: 0.0,
    m.Image: lambda block: of_image(getattr(block.source, "data", "")),
    m.Document: _document,
    m.ToolReference: lambda block: weigh(block.tool_name),
}


def _tool(tool: m.Tool) -> float:
    described = weigh(tool.name or "") + weigh(tool.description or "")
    return _PER_TOOL + described + _raw(tool.input_schema)


def _raw(json: msgspec.Raw | bytes) -> float:
    """JSON that was never decoded; its bytes are near enough to characters."""
    return len(memoryview(json)) * _PER_CHARACTER

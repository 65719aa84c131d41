"""What a reply is to be told by: the terms of the call that it answers."""

from collections.abc import Mapping

import msgspec

from amq2api.bridge.tokenizer import NEWER, Tokenizer

__all__ = ["Terms"]


class Terms(msgspec.Struct, frozen=True):
    """What a translator must know of the call whose reply it retells."""

    message_id: str
    model: str
    """The name the client used."""
    input_tokens: int
    """An estimate, until the service tells."""
    tokenizer: Tokenizer = NEWER
    """The model's: what it writes is counted here where the service does not tell."""
    window: int | None = None
    """Size of the model's context window in tokens, where published."""
    names: Mapping[str, str] = {}
    """Upstream tool name to the client's, where they differ."""
    search: str | None = None
    """The client's name of the tool that searches the web, if the call offers it."""
    max_tokens: int | None = None
    """Where to cut the answer; None when the model sees to it itself."""
    stop_sequences: tuple[str, ...] = ()
    one_tool: bool = False
    """``disable_parallel_tool_use``: the answer ends with its first tool call."""
    forced: bool = False
    """``tool_choice`` any or tool: no text before the tool call (claude-api.md 3.5)."""
    no_tools: bool = False
    """``tool_choice`` none, or no tools offered: a tool call is not told."""
    prefill: str = ""
    """What the client had the answer begin with, which the model may repeat."""
    thinking_tags: bool = False
    """Whether the model was asked to write its thoughts in tags."""
    show_thinking: bool = True
    """False for ``display: omitted``: thinking blocks stay empty but for their signature."""
    want_thinking: bool = True
    """False when the client disabled thinking: no thinking blocks at all."""
    expects_trailer: bool = False
    """Whether this account's replies are known to end with a trailer (3.4)."""

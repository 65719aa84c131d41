"""What becomes of each thing a client may send: one table, and the notes that refer to it.

docs/fidelity.md is :func:`page`. A note's subject is always a row's.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from amq2api.bridge.backend import Note, Notes

__all__ = ["TABLE", "Fate", "Ledger", "Row", "page", "row_of"]

Fate: TypeAlias = Literal["carried", "approximated", "dropped", "refused"]


class Row(NamedTuple):
    fate: Fate
    how: str


_C: Fate = "carried"
_A: Fate = "approximated"
_D: Fate = "dropped"
_R: Fate = "refused"

_ECHO = "A server tool's block sent back as history becomes its own JSON, as text."
_LEFT = "Has no counterpart in the service; nothing of the conversation depends on it."

_CALL: Mapping[str, Row] = {
    "model": Row(_C, "Mapped by rule to an offered model; an unknown one is a 404, never another."),
    "messages": Row(_C, "Merged to strict alternation. A message without anything in it vanishes; "
                        "where a user message must be, a placeholder of words.py stands."),
    "messages.output_config": Row(_C, "The effort named last counts; other members are for the "
                                      "call alone to set, and dropped."),
    "messages.clear_at": Row(_D, "A text for one turn is not said again after it."),
    "system": Row(_C, "Verbatim, at the head of the first user message, on every turn."),
    "system.billing_header": Row(_D, "A block for Anthropic's meters; no instruction."),
    "role:system": Row(_C, "Keeps its place, as text of the user turn around it."),
    "prefill": Row(_A, "Stays the assistant's; the current message asks to continue it."),
    "max_tokens": Row(_A, "Native where the model offers it; else the stream is cut here and the "
                          "stop reason says so."),
    "stop_sequences": Row(_A, "The stream is cut here, and the rest is cancelled."),
    "stream": Row(_C, "Streaming and whole answers come from the same translator."),
    "temperature": Row(_D, _LEFT),
    "top_p": Row(_D, _LEFT),
    "top_k": Row(_D, _LEFT),
    "metadata": Row(_D, _LEFT),
    "service_tier": Row(_D, _LEFT),
    "speed": Row(_D, _LEFT),
    "inference_geo": Row(_D, _LEFT),
    "cache_control": Row(_D, "Caching is the service's own affair; at every place it may stand."),
    "context_management": Row(_D, "Earlier turns are sent as the client sends them."),
    "compaction": Row(_R, "The client compacts its conversation itself."),
    "diagnostics": Row(_D, _LEFT),
    "fallbacks": Row(_D, "A model is never replaced by another one."),
    "fallback_credit_token": Row(_D, _LEFT),
    "billing_policy": Row(_D, _LEFT),
    "tags": Row(_D, _LEFT),
    "safeguards": Row(_D, _LEFT),
    "container": Row(_R, "There are no containers here."),
    "mcp_servers": Row(_R, "MCP servers are the client's to call."),
    "thread": Row(_R, "Nothing is remembered between calls; send the whole conversation."),
    "any other member": Row(_D, "Unknown members and betas are ignored."),
}  # fmt: skip

_ANSWER: Mapping[str, Row] = {
    "thinking": Row(_C, "See the kinds below."),
    "thinking.adaptive": Row(_C, "Native where the model offers it; an effort where it offers "
                                 "only that; else the tags, with a budget by the effort that "
                                 "leaves half of max_tokens; dropped if that is below 1024."),
    "thinking.enabled": Row(_A, "Native, the budget as an effort, where the model offers it; else "
                                "the documented tags before the current text."),
    "thinking.disabled": Row(_C, "Native where the model offers it; else thoughts are not shown."),
    "thinking.between_tools": Row(_A, "Native where the model offers it; else as adaptive."),
    "thinking.display": Row(_A, "Native where the model offers it, updates as summarized."),
    "output_config": Row(_C, "See its members below."),
    "output_config.effort": Row(_C, "Native where the model offers it, else the nearest below; "
                                    "where it offers none, the budget of thinking in tags."),
    "output_config.format": Row(_A, "The current message asks for one JSON document by the schema. "
                                    "The answer is judged, asked for once more if it does not "
                                    "fit, and then an error. Formats, and expressions that may "
                                    "take long, are not judged."),
    "output_config.task_budget": Row(_D, _LEFT),
    "output_format": Row(_A, "As output_config.format."),
    "tool_choice": Row(_C, "See its kinds below."),
    "tool_choice.auto": Row(_C, "The service's only way."),
    "tool_choice.any": Row(_A, "The current message asks for a tool call."),
    "tool_choice.tool": Row(_A, "Only this tool and those the history uses are declared, and the "
                                "current message asks for it."),
    "tool_choice.none": Row(_A, "Only tools that the history uses are declared, and the current "
                                "message asks for text; none if it uses none."),
    "tool_choice.disable_parallel_tool_use": Row(_A, "The stream is cut after the first call."),
}  # fmt: skip

_TOOLS: Mapping[str, Row] = {
    "tools": Row(_C, "A tool that the history uses and nobody declares is declared by its name; "
                    "where a call offers none at all, as with `tool_choice` none."),
    "tools.name": Row(_C, "A name outside the service's pattern is mapped, and restored in the "
                          "answer."),
    "tools.type": Row(_A, "Client tools of the API (bash, text editor, computer, memory) are "
                          "declared with their documented parameters. Web search is declared as a "
                          "tool with a query and run through the service; other server tools are "
                          "refused."),
    "tools.description": Row(_C, "What exceeds 10 000 characters follows the system text; where "
                                 "there is none, the name stands."),
    "tools.input_schema": Row(_A, "Rebuilt of type, title, description, properties, required, "
                                  "items and enum; references are written out."),
    "tools.strict": Row(_D, "Nothing enforces a schema."),
    "tools.defer_loading": Row(_C, "A deferred tool is held back until a tool_reference names it "
                                   "or the history uses it."),
    "tools.eager_input_streaming": Row(_C, "Input always streams as it comes."),
    "tools.input_examples": Row(_D, "The service has no member for them."),
    "tools.allowed_callers": Row(_D, "Only the model calls tools here."),
    "tools.cache_control": Row(_D, "Caching is the service's own affair."),
    "tools.display_width_px": Row(_A, "Said in the tool's description."),
    "tools.display_height_px": Row(_A, "Said in the tool's description."),
    "tools.display_number": Row(_A, "Said in the tool's description."),
    "tools.enable_zoom": Row(_C, "The computer's action of that name is declared only then."),
    "tools.max_characters": Row(_A, "Said in the tool's description."),
    "tools.max_uses": Row(_C, "A search beyond it gets the API's own error and is not made."),
    "tools.allowed_domains": Row(_A, "Said in the tool's description; pages of other domains are "
                                     "left out of what was found."),
    "tools.blocked_domains": Row(_A, "Said in the tool's description; their pages are left out of "
                                     "what was found."),
    "tools.user_location": Row(_A, "Said in the tool's description."),
}  # fmt: skip

_REPLY: Mapping[str, Row] = {
    "answer.text": Row(_C, "As it comes. Text before a tool call that was forced is left out; "
                           "without any call it is the answer. Half a character is U+FFFD."),
    "answer.thinking": Row(_C, "As it comes; left out where the client disabled thinking and the "
                               "model thought all the same. Thoughts in tags that are never closed "
                               "stay thoughts."),
    "answer.tool_use": Row(_C, "As it comes. A call that the client has forbidden is left out; "
                               "after the only one that it allows, the answer ends."),
    "answer.signature": Row(_A, "The service's. A thought without one, or one that the client is "
                                "not shown, gets one that says so when decoded."),
    "answer.events": Row(_D, "Notes on licences, links and what only other front ends of the "
                             "service show; events that nobody knows are named in the log."),
}  # fmt: skip

_BLOCKS: Mapping[str, Row] = {
    "text": Row(_C, "Byte for byte; several texts of one message are joined by a blank line."),
    "image": Row(_C, "Beside the text of its message, which holds at most 10."),
    "image.base64": Row(_C, "As it is."),
    "image.url": Row(_A, "Fetched from a public web server and sent as base64, where the operator "
                         "switched that on; else refused."),
    "image.file": Row(_R, "There is no file store."),
    "document": Row(_A, "As text, with title and context on lines of their own."),
    "document.text": Row(_A, "As text."),
    "document.content": Row(_A, "As text and images; images of an assistant's document begin a "
                                "user turn."),
    "document.base64": Row(_A, "The text of a PDF's pages and of the fields of its forms; one "
                               "that is locked, broken or only scanned is refused."),
    "document.url": Row(_A, "Fetched as image.url is, and read as document.base64."),
    "document.file": Row(_R, "There is no file store."),
    "search_result": Row(_A, "As text, with title and source on lines of their own."),
    "messages.thinking": Row(_C, "With the service's signature: the last one of a message, where "
                                 "the model takes it. Others stay behind."),
    "redacted_thinking": Row(_C, "As a thinking block."),
    "tool_use": Row(_C, "One that was never answered gets a result that says so."),
    "tool_use.id": Row(_C, "An id outside the service's pattern, or used twice in a message, is "
                           "mapped on both sides."),
    "tool_use.input": Row(_C, "Byte for byte, except that an empty key becomes an underscore and "
                              "half a character U+FFFD."),
    "tool_result": Row(_C, "In the order of the calls. Several for one call become one; one that "
                           "answers no call of the turn before becomes text in its place."),
    "tool_result.is_error": Row(_C, "As the result's status."),
    "tool_result.content": Row(_C, "Each text as it is; an empty result gets a placeholder."),
    "tool_result.image": Row(_A, "Among the images of the message, with a pointer in its place."),
    "tool_reference": Row(_A, "The tool's name as text, and the tool is declared."),
    "browser_state": Row(_A, "Its own JSON, as text."),
    "server_tool_use": Row(_C, "A web search with its result in the same message: a tool use. "
                               "Any other one becomes its own JSON, as text."),
    "web_search_tool_result": Row(_C, "With its search: a tool result, each page as JSON with "
                                      "title, address, date and snippet. Else its own JSON, as "
                                      "text."),
    "web_search_tool_result.encrypted_content": Row(_C, "Holds the snippet where this gateway made "
                                                        "it; dropped where another did, since "
                                                        "nobody here can read it."),
    "web_fetch_tool_result": Row(_A, _ECHO),
    "code_execution_tool_result": Row(_A, _ECHO),
    "bash_code_execution_tool_result": Row(_A, _ECHO),
    "text_editor_code_execution_tool_result": Row(_A, _ECHO),
    "tool_search_tool_result": Row(_A, _ECHO + " The tools it found are declared."),
    "advisor_tool_result": Row(_A, _ECHO),
    "container_upload": Row(_A, _ECHO),
    "mcp_tool_use": Row(_A, _ECHO),
    "mcp_tool_result": Row(_A, _ECHO),
    "mcp_tool_listing": Row(_A, _ECHO),
    "messages.compaction": Row(_A, _ECHO),
    "fallback": Row(_A, _ECHO),
    "tool_addition": Row(_A, "A definition is declared as one of the call's tools. A reference "
                             "becomes its own JSON, as text, and a deferred tool is declared."),
    "tool_removal": Row(_A, "Its own JSON, as text; the tool is declared no more, unless the "
                            "history used it."),
    "citations": Row(_D, "The service cites nothing; the cited text is carried."),
}  # fmt: skip

_GROUPS: Mapping[str, Mapping[str, Row]] = {
    "The call": _CALL,
    "The answer it wants": _ANSWER,
    "Tools": _TOOLS,
    "Content": _BLOCKS,
    "The answer it gets": _REPLY,
}

TABLE: Mapping[str, Row] = {
    subject: row for group in _GROUPS.values() for subject, row in group.items()
}

# A block may bear the name of a member of the call.
_BLOCK_ROWS = {"thinking": "messages.thinking", "compaction": "messages.compaction"}


def row_of(kind: str) -> str:
    """The subject of a block's row, by the block's ``type``."""
    return _BLOCK_ROWS.get(kind, kind)


class Ledger:
    """Collects the notes of one request; equal ones are counted."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}

    def approximated(self, subject: str, count: int = 1) -> None:
        self._note("approximated", subject, count)

    def dropped(self, subject: str, count: int = 1) -> None:
        self._note("dropped", subject, count)

    def repaired(self, subject: str, count: int = 1) -> None:
        self._note("repaired", subject, count)

    def notes(self) -> Notes:
        return tuple(Note(fate, subject, n) for (fate, subject), n in self._counts.items())

    def _note(self, fate: str, subject: str, count: int) -> None:
        if count:
            self._counts[fate, subject] = self._counts.get((fate, subject), 0) + count


def page() -> str:
    """docs/fidelity.md."""
    lines = [
        "# Fidelity: what becomes of what a client sends",
        "",
        "Made from `bridge/amazonq/fidelity.py`; a test compares the two. **carried**: it reaches",
        "the model. **approximated**: it reaches the model in another form. **dropped**: it tunes",
        "and has no counterpart. **refused**: the call is answered with an error that names it.",
        "",
        "What applied to a call is told in its log line and, to a client that sends",
        "`amq2api-explain: 1`, in the header `amq2api-fidelity`: `approximated:tool_choice.any`,",
        "`dropped:temperature`, or `repaired:tool_use` where a conversation was not well formed.",
    ]
    for title, rows in _GROUPS.items():
        lines += ["", f"## {title}", "", "| what | fate | how |", "| --- | --- | --- |"]
        lines += [f"| `{subject}` | {row.fate} | {row.how} |" for subject, row in rows.items()]
    return "\n".join(lines) + "\n"

"""Every word this program puts into a conversation by itself. There are no others.

Sorted by the need that each answers. All of them date from 2026-11. A property test takes a
converted request apart and finds nothing in it but the client's texts and what stands here.
Names in braces are filled in: with a number, a tool's name or the client's own JSON.
"""

import base64
import binascii

__all__ = [
    "ALL", "CONTINUE", "EMPTY_KEY", "EMPTY_MESSAGE", "EMPTY_RESULT", "IMAGE_POINTER",
    "INTERRUPTED", "JSON_AGAIN", "JSON_OUTPUT", "JSON_REPAIR", "LONG_DESCRIPTION", "MARK",
    "MARKER_SIGNATURE", "MEMBER", "SEARCH_QUERY", "SEPARATOR", "SNIPPET",
    "THINKING_TAGS", "TOOL_ANY", "TOOL_NONE", "TOOL_ONE", "is_marker", "sealed", "unsealed",
]  # fmt: skip

# One message of the service holds one text where the Messages API has several (system text,
# blocks, merged turns). A blank line keeps them apart without saying anything.
SEPARATOR = "\n\n"

# The service takes no assistant prefill: the last message is the user's (upstream-protocol.md
# 2.10 I1). Where a client wants its half sentence continued, somebody has to say so.
CONTINUE = "Continue exactly where your previous message stopped, without repeating any of it."

# Every tool use must have a result (I4), also one that the client broke off.
INTERRUPTED = "The tool call was interrupted before it gave a result."

# A tool result must have a text (I7), and many tools succeed in silence.
EMPTY_RESULT = "(no output)"

# The first message must be the user's and must not be blank (I3, I6). Needed only when a client
# begins with an empty message and has no system text.
EMPTY_MESSAGE = "(empty message)"

# Tool results hold no images, and the service matches images to results by position only
# (2.6): the result says which of the message's images is its own.
IMAGE_POINTER = "[image {number} of this message]"

# There is no tool_choice on the wire (2.5, end).
TOOL_ANY = "Answer this message with a call of one of the available tools, not with text."
TOOL_ONE = "Answer this message with a call of the tool {name}, not with text."
# Only where the history uses tools, which have to be declared then.
TOOL_NONE = "Answer this message with text, not with a call of a tool."

# Nor is there a structured output.
JSON_OUTPUT = (
    "Answer with exactly one JSON document that satisfies the JSON schema below: "
    "nothing before it, nothing after it, no code fences.\n\nJSON schema:\n{schema}"
)

# An answer that does not fit is asked for once more. A rule is a member of the client's schema.
JSON_AGAIN = "The previous answer is not exactly one JSON document. Give the whole answer again."
JSON_REPAIR = (
    "The previous answer does not satisfy the JSON schema: {place} breaks the rule {rule}. "
    "Give the whole answer again."
)

# The rest of a description that exceeds the limit of 2.5 travels with the system text.
LONG_DESCRIPTION = "{name}\n{rest}"

# What a tool of the Claude API's own (a computer's screen size) is told, under the API's names.
MEMBER = "{member}: {value}"

# The service's search takes no longer query (6.5), and a schema of the service's known keywords
# has no other way to say so (2.5).
SEARCH_QUERY = "At most {number} characters."

# A page that was found is told as JSON with the API's own names; the excerpt has none there.
SNIPPET = "snippet"

# Documented by upstream-protocol.md 2.8 for models without native reasoning; only when asked for.
THINKING_TAGS = (
    "<thinking_mode>enabled</thinking_mode><max_thinking_length>{budget}</max_thinking_length>"
)

# Keys must not be empty (I10).
EMPTY_KEY = "_"

# Clients need a signature under every thinking block, and the service does not give one to
# every reasoning. It never travels upstream (I16), and whoever decodes it can read what it is.
# What else clients keep for us unread begins with the same mark.
MARK = b"amq2api: "  # nine bytes, so that its base64 is a prefix of the whole's
MARKER_SIGNATURE = base64.b64encode(
    MARK + b"this signature was made by amq2api, because the service gave none."
).decode()

_MARKER_PREFIX = base64.b64encode(MARK).decode()

ALL = frozenset(
    {
        SEPARATOR, CONTINUE, INTERRUPTED, EMPTY_RESULT, EMPTY_MESSAGE, IMAGE_POINTER, TOOL_ANY,
        TOOL_NONE, TOOL_ONE, JSON_AGAIN, JSON_OUTPUT, JSON_REPAIR, LONG_DESCRIPTION, MEMBER,
        SEARCH_QUERY, SNIPPET, THINKING_TAGS, EMPTY_KEY, MARKER_SIGNATURE,
    }
)  # fmt: skip


def sealed(snippet: str) -> str:
    """A text for a client to keep and send back unread."""
    return base64.b64encode(MARK + snippet.encode()).decode()


def unsealed(content: object) -> str | None:
    """What :func:`sealed` made of a text; None if somebody else made it."""
    if not isinstance(content, str):
        return None
    try:
        data = binascii.a2b_base64(content, strict_mode=True)
        return data.removeprefix(MARK).decode() if data.startswith(MARK) else None
    except ValueError:  # binascii.Error, UnicodeDecodeError, and non-ASCII text
        return None


def is_marker(signature: str) -> bool:
    """Whether a signature is of our own making, by this version or a later one."""
    return signature.startswith(_MARKER_PREFIX)

"""Legal requests of every kind: whatever passes the checks of dialects/messages.

Few names and few ids, so that they meet; a client's texts hold no two ASCII letters of the
program's own words, so that a word of those is seen at once.
"""

from typing import Any

import msgspec
from hypothesis import assume
from hypothesis import strategies as st

from amq2api.dialects import messages as m
from bridge.conversations import Json, image, text, user
from laws.blocks import ASSISTANT_DOCUMENTS, CITED, CONTENT, NAMES, RESULTS, TEXT_BLOCKS, USES
from laws.schemas import ROOTS
from laws.texts import SAID, TEXTS

__all__ = ["CUSTOM", "Request", "members", "requests", "turns"]

_STEPS = st.lists(st.sampled_from(["user", "assistant", "system", "tools", "tools"]), max_size=5)
_EXTRA: st.SearchStrategy[Json] = st.sampled_from([{}, {}, {"output_config": {"effort": "low"}},
                          {"clear_at": "next_user_message"}, {"clear_at": "never"}])  # fmt: skip


class Request(msgspec.Struct):
    """A request and the headers that matter to how it is judged."""

    body: Json
    version: str = ""
    betas: frozenset[str] = frozenset()

    def decoded(self) -> m.Call:
        return m.decode(msgspec.json.encode(self.body), betas=self.betas, version=self.version)


@st.composite
def turns(draw: st.DrawFn, *, newer: bool = False) -> list[Json]:
    """Messages in any order of roles, except that the first is not the assistant's."""
    made: list[Json] = []
    for step in (draw(st.sampled_from(["user", "system"])), "user", *draw(_STEPS)):
        if step == "tools":
            made += draw(_exchanges(newer=newer))
        else:
            made.append(draw(_message(step, newer=newer)))
    made.insert(draw(st.integers(0, len(made))), user(draw(SAID)))
    if many := draw(st.sampled_from([0, 0, 0, 0, 0, 2, 9, 10])):
        made.append({"role": "user", "content": [image("gif", bytes([n])) for n in range(many)]})
    if draw(st.booleans()):
        # Prefills, of one message or several, are rare otherwise.
        made.append({"role": "assistant", "content": draw(TEXTS)})
    _without_space_at_the_end(made[-1])
    return made


@st.composite
def _message(draw: st.DrawFn, role: str, *, newer: bool) -> Json:
    made: Json = {"role": role, "content": draw(TEXTS | CONTENT[role])}
    if role == "system":
        made |= draw(_EXTRA)
        if made.get("output_config") and draw(st.booleans()):
            del made["content"]
    elif not newer and draw(st.booleans()):
        # Only the older version takes an assistant's documents and a user's quotations.
        odd = ASSISTANT_DOCUMENTS if role == "assistant" else CITED
        made["content"] = [*_listed(made["content"]), draw(odd)]
    return made


@st.composite
def _exchanges(draw: st.DrawFn, *, newer: bool) -> list[Json]:
    """Tool uses and their results: most of them, in any order, some twice."""
    uses = draw(st.lists(USES, min_size=1, max_size=3))
    ids = [use["id"] for use in uses]
    answered = draw(st.permutations(ids) | st.lists(st.sampled_from(ids), max_size=4))
    answers = [draw(RESULTS) | {"tool_use_id": id} for id in answered]
    said = _listed(draw(TEXTS | CONTENT["assistant"]))
    then = _listed(draw(TEXTS | CONTENT["user"]))
    return [
        {"role": "assistant", "content": [*said, *uses]},
        {"role": "user", "content": [*answers, *then]},
    ]


def _listed(content: str | list[Json]) -> list[Json]:
    return [text(content)] if isinstance(content, str) else content


def _without_space_at_the_end(last: Json) -> None:
    """A prefill must not end in space; a tool use or a thought may end a turn."""
    if last["role"] != "assistant":
        return
    content = _listed(last["content"])
    while content and content[-1]["type"] == "text" and content[-1]["text"][-1:].isspace():
        content.pop()
    last["content"] = content


@st.composite
def _long(draw: st.DrawFn) -> str:
    """A description of about as much as the service takes, or more."""
    letter, times, end = draw(
        st.sampled_from(
            [("長", 10_050, "🎉"), ("🎉", 5_001, ""), ("α", 9_999, "🎉β"), ("γ", 10_000, "")]
        )
    )
    return letter * times + end  # fmt: skip


CUSTOM = st.fixed_dictionaries(
    {"name": NAMES, "input_schema": ROOTS},
    optional={
        "description": st.none() | TEXTS | TEXTS | _long(),
        "defer_loading": st.none() | st.booleans(),
        "type": st.sampled_from([None, "custom"]),
        "strict": st.booleans(),
        "eager_input_streaming": st.booleans(),
        "input_examples": st.just([{"α": 1}]),
        "allowed_callers": st.just(["direct"]),
        "cache_control": st.just({"type": "ephemeral"}),
    },
)
_BUILT_IN: st.SearchStrategy[Json] = st.sampled_from([
    {"type": "bash_20250124", "name": "bash"}, {"type": "bash_20990101", "name": "bash"},
    {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 9},
    {"type": "text_editor_20241022", "name": "str_replace_editor"},
    {"type": "memory_20250818", "name": "memory", "defer_loading": True},
    {"type": "computer_20241022", "name": "computer", "display_width_px": 8,
     "display_height_px": 6},
    {"type": "computer_20251124", "name": "computer", "display_width_px": 1, "display_height_px": 2,
     "display_number": 0},
    {"type": "web_search_20250305", "name": "web_search"}, {"type": "web_search_20260209"},
    {"type": "web_search_20260318", "name": "web_search", "max_uses": 3,
     "allowed_domains": ["α.β"], "user_location": {"type": "approximate", "city": "δ"}},
    {"type": "web_search_20250305", "name": "web_search", "blocked_domains": ["γ"]},
])  # fmt: skip


@st.composite
def _tools(draw: st.DrawFn) -> list[Json]:
    """Of each name one, and not all deferred."""
    made: dict[str, Json] = {}
    for kind in draw(st.lists(st.sampled_from(["custom"] * 3 + ["own"]), min_size=1, max_size=5)):
        tool = draw(CUSTOM if kind == "custom" else _BUILT_IN)
        made[str(tool.get("name", "web_search"))] = dict(tool)
    if all(tool.get("defer_loading") for tool in made.values()):
        next(iter(made.values()))["defer_loading"] = False
    return list(made.values())


TOOLS = _tools()

_EFFORTS = st.sampled_from([None, "low", "medium", "high", "xhigh", "max"])
_DISPLAYS = st.sampled_from([{}, {"display": None}, {"display": "summarized"},
                             {"display": "omitted"}, {"display": "updates"}])  # fmt: skip
_THINKING = st.one_of(
    st.builds(lambda n, shown: {"type": "enabled", "budget_tokens": n, **shown},
              st.sampled_from([1024, 4096, 20_000]), _DISPLAYS),
    st.builds(lambda kind, shown: {"type": kind, **shown},
              st.sampled_from(["adaptive", "between_tools"]), _DISPLAYS),
    st.just({"type": "disabled"}),
)  # fmt: skip
_FORMATS = st.builds(lambda schema: {"type": "json_schema", "schema": schema}, ROOTS)
_SYSTEM = st.one_of(
    st.none(),
    TEXTS,
    st.lists(TEXT_BLOCKS | st.just(text("x-anthropic-billing-header: cc_version=1")), max_size=3),
)
_OLDER = {"temperature": st.sampled_from([0, 0.5, 1, None]), "top_p": st.just(0.9),
          "top_k": st.sampled_from([0, 40, 40.0])}  # fmt: skip


@st.composite
def members(draw: st.DrawFn, *, newer: bool = False) -> Json:
    """Everything of a request but its messages."""
    made: Json = draw(
        st.fixed_dictionaries(
            {"model": st.just("m"), "max_tokens": st.sampled_from([0, 1, 100, 4096, 10**6, 9.0])},
            optional={
                "system": _SYSTEM,
                "output_config": st.fixed_dictionaries({}, optional={
                    "effort": _EFFORTS, "format": st.none() | _FORMATS,
                    "task_budget": st.just({"type": "tokens", "total": 9}),
                }),
                "output_format": _FORMATS,
                "stop_sequences": st.lists(SAID, max_size=2),
                "stream": st.none() | st.booleans(),
                "metadata": st.just({"user_id": "υ"}),
                "context_management": st.just({"edits": []}),
                "service_tier": st.just("auto"),
                "safeguards": st.just([{"type": "dangerous_tool_use"}]),
                **({} if newer else _OLDER),
            },
        )
    )  # fmt: skip
    # What matters most is drawn more often than a dictionary would.
    for member, values in (("tools", TOOLS), ("thinking", _THINKING)):
        value = draw(st.sampled_from([values, values, st.none(), None]))
        if value is not None:
            made[member] = draw(value)
    thought = made.get("thinking") or {}
    made["max_tokens"] = max(made["max_tokens"], thought.get("budget_tokens", -1) + 1)
    if choice := draw(_choices(made.get("tools") or [])):
        made["tool_choice"] = choice
    return made


@st.composite
def _choices(draw: st.DrawFn, tools: list[Json]) -> Json | None:
    alone: Any = st.sampled_from([{}, {}, {"disable_parallel_tool_use": True}])
    kinds = ["auto", "none"] if not tools else ["auto", "any", "any", "none", "tool", "tool"]
    kind = draw(st.sampled_from([None, None, *kinds]))
    if kind is None:
        return None
    named = {}
    if kind == "tool":
        named = {"name": draw(st.sampled_from([t.get("name", "web_search") for t in tools]))}
    return {"type": kind, **named, **draw(alone)}


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Any legal request of either version of the API.

    Turns of one role merge, and the service takes ten images a message: the refusal of more has
    a row of its own, so no more than ten are drawn for a whole conversation.
    """
    version = draw(st.sampled_from(["", "2023-06-01", "2026-10-21"]))
    newer = version == "2026-10-21"
    said = draw(turns(newer=newer))
    assume(_images(said) <= 10)
    return Request({**draw(members(newer=newer)), "messages": said}, version)


def _images(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_images, value))
    if isinstance(value, dict):
        return (value.get("type") == "image") + sum(map(_images, value.values()))
    return 0

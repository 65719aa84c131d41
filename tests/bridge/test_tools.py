"""What is declared of a client's tools, under which name, and what is said where."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.amazonq import tools, words
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from amq2api.sim.validator import validate
from bridge.conversations import (
    Json,
    assistant,
    converted,
    decoded,
    messages,
    notes,
    request,
    result,
    sent,
    system,
    tool,
    use,
    user,
)

HI = user("hi")
LOOP = (HI, assistant(use("t1", "ls")), user(result("t1", "r")))
REFERENCE = result("t1", {"type": "tool_reference", "tool_name": "cat"})
FOUND = (HI, assistant(use("t1", "find")), user(REFERENCE))
FOUND_BY_SERVER = (
    HI,
    assistant({"type": "tool_search_tool_result",
               "content": {"tool_references": [{"tool_name": "cat"}]}}),
    user("go"),
)  # fmt: skip
ADDED = (HI, system({"type": "tool_addition", "tool": {"type": "tool_reference", "name": "cat"}}))


def added(tool: Json) -> Json:
    """A system message that brings a tool's definition along."""
    definition = {"type": "tool_definition", "definition": tool}
    return system({"type": "tool_addition", "tool": definition})


def referred(change: str, name: str) -> Json:
    return system({"type": change, "tool": {"type": "tool_reference", "name": name}})


LS, CAT, LATER = tool("ls"), tool("cat"), tool("cat", defer_loading=True)


def choose(kind: str, **members: Any) -> Json:
    return {"type": kind, **members}


def declared(state: Json) -> list[Json]:
    context = messages(state)[-1].get("userInputMessageContext", {})
    return [entry["toolSpecification"] for entry in context.get("tools", [])]


NO_CLIENT_TOOLS: list[Json] = [
    {"type": "web_search_20250305", "name": "web_search"},
    {"name": "x"},
    {},
    {"name": 1, "input_schema": {}},
    {"name": "", "input_schema": {}},
    {"name": "x", "input_schema": []},
]

NAMES: dict[str, tuple[Json, str, str]] = {
    "no tools": (request(HI), "", ""),
    "no tools in a list": (request(HI, tools=[]), "", ""),
    "all of them, in order": (request(HI, tools=[CAT, LS]), "cat ls", ""),
    "what history uses and nobody declares": (request(*LOOP, tools=[CAT]), "cat ls",
                                              "repaired:tools"),
    "history alone": (request(*LOOP), "ls", "approximated:tools repaired:tools"),
    "none": (request(HI, tools=[LS], tool_choice=choose("none")), "", ""),
    "none, but history needs one": (
        request(*LOOP, tools=[LS, CAT], tool_choice=choose("none")), "ls",
        "approximated:tool_choice.none",
    ),
    "one": (
        request(HI, tools=[LS, CAT], tool_choice=choose("tool", name="cat")), "cat",
        "approximated:tool_choice.tool",
    ),
    "one, and history needs another": (
        request(*LOOP, tools=[LS, CAT], tool_choice=choose("tool", name="cat")), "ls cat",
        "approximated:tool_choice.tool",
    ),
    "one that is deferred": (
        request(HI, tools=[LS, LATER], tool_choice=choose("tool", name="cat")), "cat",
        "approximated:tool_choice.tool",
    ),
    "deferred": (request(HI, tools=[LS, LATER]), "ls", "dropped:tools.defer_loading"),
    "deferred and found": (
        request(*FOUND, tools=[tool("find"), LATER]), "find cat", "approximated:tool_reference",
    ),
    "deferred and found by the server": (
        request(*FOUND_BY_SERVER, tools=[LS, LATER]), "ls cat",
        "approximated:tool_search_tool_result",
    ),
    "deferred and added": (
        request(*ADDED, tools=[LS, LATER]), "ls cat", "approximated:tool_addition",
    ),
    "deferred and used": (
        request(HI, assistant(use("t1", "cat")), user(result("t1", "r")), tools=[LS, LATER]),
        "ls cat", "",
    ),
    "defined on the way": (
        request(HI, added(CAT), tools=[LS]), "ls cat", "approximated:tool_addition",
    ),
    "defined on the way, and deferred": (
        request(HI, added(LATER), tools=[LS]), "ls cat", "approximated:tool_addition",
    ),
    "the first one is defined on the way": (
        request(HI, added(CAT)), "cat", "approximated:tool_addition",
    ),
    "a shell is defined on the way": (
        request(HI, added({"type": "bash_20250124", "name": "bash"})), "bash",
        "approximated:tool_addition approximated:tools.type",
    ),
    "what is there already is not defined again": (
        request(HI, added(LS | {"description": "other"}), tools=[LS]), "ls",
        "approximated:tool_addition",
    ),
    "what no client runs is not defined": (
        request(HI, *map(added, NO_CLIENT_TOOLS), tools=[LS]), "ls",
        "approximated:tool_addition=6",
    ),
    "removed": (
        request(HI, referred("tool_removal", "cat"), tools=[LS, CAT]), "ls",
        "approximated:tool_removal",
    ),
    "a server's tool of that name is removed": (
        request(HI, system({"type": "tool_removal", "tool": {
            "type": "mcp_tool_reference", "server_name": "s", "name": "cat"}}), tools=[LS, CAT]),
        "ls cat", "approximated:tool_removal",
    ),
    "removed after use": (
        request(*LOOP, referred("tool_removal", "ls"), tools=[LS, CAT]), "ls cat",
        "approximated:tool_removal",
    ),
    "removed, and asked for": (
        request(HI, referred("tool_removal", "cat"), tools=[LS, CAT],
                tool_choice=choose("tool", name="cat")),
        "cat", "approximated:tool_removal approximated:tool_choice.tool",
    ),
    "removed and added again": (
        request(HI, referred("tool_removal", "cat"), referred("tool_addition", "cat"),
                tools=[LS, CAT]),
        "ls cat", "approximated:tool_removal approximated:tool_addition",
    ),
    "defined and removed": (
        request(HI, added(CAT), referred("tool_removal", "cat"), tools=[LS]), "ls",
        "approximated:tool_addition approximated:tool_removal",
    ),
    "defined, removed and added again": (
        request(HI, added(CAT), referred("tool_removal", "cat"), referred("tool_addition", "cat"),
                tools=[LS]),
        "ls cat", "approximated:tool_addition=2 approximated:tool_removal",
    ),
    "found, as a server tells it wrongly": (
        request(HI, *[assistant({"type": "tool_search_tool_result", "content": content})
                      for content in (None, "x", {"tool_references": 5},
                                      {"tool_references": [1, {}, {"tool_name": 2}]})],
                user("go"), tools=[LS, LATER]),
        "ls", "approximated:tool_search_tool_result=4 dropped:tools.defer_loading",
    ),
    "tuning members": (
        request(HI, tools=[tool(strict=True, input_examples=[{}], allowed_callers=["direct"],
                                cache_control={"type": "ephemeral"})]),
        "ls",
        "dropped:tools.strict dropped:tools.input_examples dropped:tools.allowed_callers "
        "dropped:tools.cache_control",
    ),
    "a schema that loses something": (
        request(HI, tools=[tool(schema={"type": "object", "additionalProperties": False})]), "ls",
        "approximated:tools.input_schema",
    ),
    "a schema too large to remember": (
        request(HI, tools=[tool(schema={"type": "object", "description": "δ" * 40_000})]), "ls", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "names", "changed"), NAMES.values(), ids=NAMES)
def test_what_is_declared(asked: Json, names: str, changed: str) -> None:
    made = converted(asked)
    assert " ".join(each["name"] for each in declared(sent(made))) == names
    assert notes(made) == changed


def test_a_tool_as_it_is_declared() -> None:
    (made,) = declared(sent(converted(request(HI, tools=[tool("ls")]))))
    assert made == {
        "name": "ls",
        "description": "δ",
        "inputSchema": {"json": {"type": "object", "properties": {"αβ": {"type": "string"}}}},
    }


def test_a_tool_nobody_declared_is_declared_by_its_name() -> None:
    made = converted(request(HI, assistant(use("t1", "p.q")), user(result("t1"))))
    assert declared(sent(made)) == [
        {
            "name": "p_q_b9593854",
            "description": "p.q",
            "inputSchema": {"json": {"type": "object", "properties": {}}},
        }
    ]
    assert made.names == {"p_q_b9593854": "p.q"}


@pytest.mark.parametrize("description", [None, "", " \n"])
def test_a_tool_without_description_is_described_by_its_name(description: str | None) -> None:
    made = converted(request(HI, tools=[tool("ls") | {"description": description}]))
    assert declared(sent(made))[0]["description"] == "ls"
    assert notes(made) == "approximated:tools.description"


def test_a_name_of_nothing_but_space_is_no_description() -> None:
    blank = tool("  ") | {"description": ""}
    (made,) = declared(sent(converted(request(HI, tools=[blank]))))
    assert made["description"] == made["name"] and made["name"].startswith("___")
    history = (HI, assistant(use("t1", "  ")), user(result("t1")))
    (made,) = declared(sent(converted(request(*history))))
    assert made["description"] == made["name"]


@pytest.mark.parametrize("character", ["d", "長", "🎉"])
def test_a_long_description_goes_on_after_the_system_text(character: str) -> None:
    whole = character * 10_500
    made = converted(request(HI, system="S", tools=[tool("a.b") | {"description": whole}]))
    state = sent(made)
    (entry,) = declared(state)
    rest = whole.removeprefix(entry["description"])
    assert messages(state)[0]["content"] == f"S\n\na_b_485d357c\n{rest}\n\nhi"
    assert len(entry["description"].encode("utf-16-le")) == 20_000
    assert notes(made) == "approximated:tools.description approximated:tools.name"


def test_ten_thousand_characters_fit() -> None:
    state = sent(converted(request(HI, tools=[tool() | {"description": "d" * 10_000}])))
    assert messages(state)[0]["content"] == "hi"
    assert declared(state)[0]["description"] == "d" * 10_000


def test_the_choice_names_a_tool_as_the_service_knows_it() -> None:
    asked = request(HI, tools=[tool("a.b")], tool_choice=choose("tool", name="a.b"))
    (turn,) = messages(sent(converted(asked)))
    assert turn["content"] == "hi\n\n" + words.TOOL_ONE.format(name="a_b_485d357c")


BUILT_IN: dict[str, tuple[Json, str, list[str]]] = {
    "shell": ({"type": "bash_20250124", "name": "bash"}, "bash", ["command", "restart"]),
    "editor": (
        {"type": "text_editor_20250728", "name": "edit", "max_characters": 9},
        "edit\nmax_characters: 9",
        ["command", "path", "file_text", "old_str", "new_str", "insert_line", "view_range",
         "insert_text"],
    ),
    "screen": (
        {"type": "computer_20241022", "name": "computer", "display_width_px": 800,
         "display_height_px": 600, "display_number": 1},
        "computer\ndisplay_width_px: 800\ndisplay_height_px: 600\ndisplay_number: 1",
        ["action", "text", "coordinate"],
    ),
    "a screen of tomorrow": (
        {"type": "computer_20991231", "name": "computer", "enable_zoom": True}, "computer",
        ["action", "text", "coordinate", "start_coordinate", "duration", "scroll_direction",
         "scroll_amount", "region"],
    ),
    "memory": (
        {"type": "memory_20250818", "name": "memory", "description": "δ"}, "δ",
        ["command", "path", "file_text", "old_str", "new_str", "insert_line", "view_range",
         "insert_text", "old_path", "new_path"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "description", "members"), BUILT_IN.values(), ids=BUILT_IN)
def test_client_tools_of_the_api(asked: Json, description: str, members: list[str]) -> None:
    made = converted(request(HI, tools=[asked]))
    (entry,) = declared(sent(made))
    assert entry["name"] == asked["name"]
    assert entry["description"] == description
    assert list(entry["inputSchema"]["json"]["properties"]) == members
    assert notes(made) == "approximated:tools.type"


HOSTILE = st.one_of(
    st.text(min_size=1, max_size=6),
    st.sampled_from(
        ["a.b", "a b", "a/b", "a_b", "列出", "é", "-", "_", " ", "\0", "x" * 64, "x" * 65,
         "x" * 128, "a_b_485d357c", "web_search", "🎉" * 40]
    ),
)  # fmt: skip


@given(
    st.lists(HOSTILE, min_size=1, max_size=5, unique=True),
    st.lists(HOSTILE, max_size=3),
    st.sampled_from(["auto", "any", "none", "tool"]),
)
def test_whatever_tools_are_called_the_service_takes_them_and_the_client_hears_its_own_names(
    names: list[str], used: list[str], kind: str
) -> None:
    choice = choose(kind, name=names[0]) if kind == "tool" else choose(kind)
    said = [assistant(*[use(f"t{n}", name) for n, name in enumerate(used)])] if used else []
    made = converted(
        request(HI, *said, user("go"), tools=list(map(tool, names)), tool_choice=choice)
    )
    assert validate(msgspec.json.decode(q.encode(q.GenerateRequest(made.state)))) is None
    told = [made.names.get(entry["name"], entry["name"]) for entry in declared(sent(made))]
    assert len(told) == len(set(told)) and set(told) <= {*names, *used} and set(used) <= set(told)


def test_definitions_on_the_way_are_not_kept_with_the_tools_of_the_call() -> None:
    """They are new ones in every call, however alike."""
    lone = tool("alone")
    call = decoded(request(HI, added(CAT), tools=[lone]))
    for _ in range(50):
        assert converted(request(HI, added(CAT), tools=[lone])).no_tools is False
    assert isinstance(call.tools, m.SharedTools)
    kept = tools._shared.get(call.tools)
    assert kept is not None
    assert [made.upstream for _, made in kept.values()] == ["alone"]

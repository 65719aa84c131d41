"""What the pretended model says to people and their tools."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.sim.echo.sums import worked_out
from amq2api.sim.validator import validate
from sim.asking import (
    PNG,
    Json,
    answering,
    asked,
    assistant,
    image,
    result,
    tool,
    use,
    user,
    with_tools,
)
from sim.client import Answer, Bench


def reply(request: Json) -> Answer:
    answer = Bench().generate(request)
    assert answer.status == 200, answer.body
    return answer


def said(request: Json) -> str:
    return "".join(
        payload.get("content", "")
        for kind, payload in reply(request).events()
        if kind == "assistantResponseEvent"
    )


def called(request: Json) -> tuple[str, Any]:
    """Name and arguments of the one tool that is called."""
    uses = [payload for kind, payload in reply(request).events() if kind == "toolUseEvent"]
    (name,) = {payload["name"] for payload in uses}
    assert uses[-1].get("stop") is True
    return name, json.loads("".join(payload.get("input", "") for payload in uses))


TALKS = {
    "Hello": "Hello! I am Claude Sonnet 4.5",
    "Hi, I am Bob!": "Hi Bob! I am Claude",
    "Hello! What can you help me with? Answer briefly.": "I am Claude Sonnet 4.5, as the",
    "你好": "你好！我是模拟器扮演的 Claude Sonnet 4.5。",
    "Thank you very much!": "You are welcome.",
    "What is 23 * 19?": "23 * 19 = 437",
    "2+2": "2+2 = 4",
    "Please calculate (1 + 2) * 3 / 2.": "(1 + 2) * 3 / 2 = 4.5",
    "How many words are in: one two three": "“one two three” has 3 words.",
    "Say exactly: pong": "pong",
    "Reply with just the word OK": "OK",
    "Count to 5": "1, 2, 3, 4, 5",
    "Which tools do you have?": "No tools were declared to me.",
    "What images do you see?": "I received no image with this message.",
    "What model are you?": "I was asked as claude-sonnet-4.5",
    "Why is the sky blue?": "You asked “Why is the sky blue?”.",
    "The sky is blue.": "You wrote “The sky is blue.”.",
    "Divide 1/0 by me": "You wrote “Divide 1/0 by me”.",
}


@pytest.mark.parametrize(("question", "start"), TALKS.items(), ids=TALKS)
def test_small_talk(question: str, start: str) -> None:
    assert said(asked(user(question))).startswith(start)


SUMS = {
    "1+2*3": "7", "(1+2)*3": "9", "2^3^2": "64", "-3 - -3": "0", "7/2": "3.5", "0.1+0.2": "0.3",
    "6 × 7": "42", "8÷2": "4", "1/0": None, "(1": None, "1+": None, "9^99": None, "one": None,
    "1000000*1000000*1000000": None, "": None,
}  # fmt: skip


@pytest.mark.parametrize(("question", "result"), SUMS.items(), ids=SUMS)
def test_sums(question: str, result: str | None) -> None:
    assert worked_out(question) == result


def test_it_reacts_to_the_last_thing_a_person_typed() -> None:
    reminder = "<system-reminder>\nWhat is 1 + 1?\n</system-reminder>"
    prompt = "You are terse.\n\n# Rules\n\n- What is 3 + 3?\n\nWhat is 2 + 2?"
    assert said(asked(user(f"{reminder}\n{prompt}\n\n{reminder}"))) == "2 + 2 = 4"


def test_it_tells_what_it_received() -> None:
    talk = [user("You are terse.\n\nHello"), assistant("Hi.")]
    assert "You are terse." in said(asked(user("What are your instructions?"), *talk))
    listing = said(asked(with_tools(tool("a"), tool("b"), content="What tools do you have?")))
    assert listing == "2 tools were declared to me: a, b."
    assert said(asked(user("", images=[image("png", PNG)]))) == (
        "I received 1 image: a png of about 33 bytes."
    )
    named = [user("My name is Eve."), assistant("Hi.")]
    assert said(asked(user("What's my name?"), *named)) == "You told me: your name is Eve."


TEXT = {"type": "string"}
READ = tool(
    "Read", {"type": "object", "properties": {"file_path": TEXT}, "required": ["file_path"]}
)
BASH = tool("Bash")
WRITE = tool("Write", {
    "type": "object", "properties": {"file_path": TEXT, "content": TEXT},
    "required": ["file_path", "content"],
})  # fmt: skip
GREP = tool("Grep", {"type": "object", "properties": {"pattern": {"type": "string"}}})
FETCH = tool("WebFetch", {
    "type": "object", "properties": {"url": {"type": "string"}, "prompt": {"type": "string"}},
    "required": ["url", "prompt"],
})  # fmt: skip
WEATHER = tool("get_weather", {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
    },
    "required": ["city", "days", "unit"],
})  # fmt: skip
TODO = tool("todo_write", {
    "type": "object", "required": ["todos"],
    "properties": {"todos": {"type": "array", "minItems": 1, "items": {
        "type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}}},
})  # fmt: skip
ALL = (BASH, READ, WRITE, GREP, FETCH, WEATHER, TODO)

CALLS: dict[str, tuple[str, Any]] = {
    "Read the file notes.txt": ("Read", {"file_path": "notes.txt"}),
    "please read /etc/hosts, thanks": ("Read", {"file_path": "/etc/hosts"}),
    "What is in `my file.md`?": ("Read", {"file_path": "my file.md"}),
    "Run `ls -la`": ("Bash", {"command": "ls -la"}),
    "run the command git status": ("Bash", {"command": "git status"}),
    "list the files": ("Bash", {"command": "ls"}),
    "Write the file a.txt containing 'hello world'":
        ("Write", {"file_path": "a.txt", "content": "hello world"}),
    "Search for TODO": ("Grep", {"pattern": "TODO"}),
    "Fetch https://example.com/x and sum it up":
        ("WebFetch", {"url": "https://example.com/x",
                      "prompt": "Fetch https://example.com/x and sum it up"}),
    "Use get_weather for Paris, 3 days in fahrenheit":
        ("get_weather", {"city": "Paris", "days": 3, "unit": "fahrenheit"}),
    "Call the todo_write tool with \"buy milk\"": ("todo_write", {"todos": [{"text": "buy milk"}]}),
    "Answer this message with a call of the tool Read, not with text.":
        ("Read", {"file_path": "Answer this message with a call of the tool Read, not with text."}),
}  # fmt: skip


@pytest.mark.parametrize(("question", "call"), CALLS.items(), ids=CALLS)
def test_tools_are_called(question: str, call: tuple[str, Any]) -> None:
    assert called(asked(with_tools(*ALL, content=question))) == call


@pytest.mark.parametrize("question", ["Hello", "Read me a story", "Explain the Read tool to me?"])
def test_tools_are_not_called_for_nothing(question: str) -> None:
    events = reply(asked(with_tools(*ALL, content=question))).events()
    assert "toolUseEvent" not in [kind for kind, _ in events]


def test_a_word_of_a_tools_name_is_enough_if_there_are_few() -> None:
    question = with_tools(WEATHER, content="What's the weather in Berlin?")
    assert called(asked(question)) == (
        "get_weather", {"city": "Berlin", "days": 1, "unit": "celsius"},
    )  # fmt: skip


def test_any_tool_may_be_demanded() -> None:
    demand = "Answer this message with a call of one of the available tools, not with text."
    final = tool("final_result", {"type": "object", "properties": {"city": {"type": "string"}}})
    request = asked(with_tools(BASH, final, content=f"Where is the tower of Pisa?\n\n{demand}"))
    assert called(request) == ("final_result", {"city": "Pisa"})


def test_relative_paths_become_absolute_where_the_client_works() -> None:
    talk = [user("Primary working directory: /home/u/project\n\nHello"), assistant("Hi.")]
    request = asked(with_tools(READ, content="Read the file notes.txt"), *talk)
    assert called(request) == ("Read", {"file_path": "/home/u/project/notes.txt"})


def test_claude_code_reads_a_file() -> None:
    """The shape of its first two requests: reminders, environment, words; then the result."""
    first = (
        "You are an agent.\n\n# Environment\n - Primary working directory: /work/x\n - Shell: bash"
        "\n\n<system-reminder>\nToday is Friday. Read the file other.txt\n</system-reminder>\n\n"
        "Read the file notes.txt and tell me what it says"
    )
    question = with_tools(*ALL, content=first)
    name, arguments = called(asked(question))
    assert (name, arguments) == ("Read", {"file_path": "/work/x/notes.txt"})
    words = "     1→remember the milk\n<system-reminder>be careful</system-reminder>"
    loop = asked(
        answering(result("t", words), tools=ALL),
        user(first),
        assistant("", toolUses=[use("t", name, **arguments)]),
    )
    assert said(loop) == "The tool Read said:\n\n1→remember the milk"


PROMPT = """You are an interactive agent that helps users.

# Tone
 - Use the Read tool to read files.

IMPORTANT: Assist with defensive tasks only.

# Environment
 - Primary working directory: /work/x

Answer briefly."""
AFTERWARDS = """# Agents

Available agent types for the Agent tool:

- general: does things

When you launch several agents, send them in a single message.

Use the Bash tool when a command matches."""
WORDS: dict[str, str] = {
    "Hello": "Hello! I am",
    "tell me a joke": "You wrote “tell me a joke”.",
    "Why is the sky blue?": "You asked “Why is the sky blue?”.",
    "what is 17*4?": "17*4 = 68",
    "Read the file notes.txt.": "I will use Read for that.",
}


@pytest.mark.parametrize(("words", "start"), WORDS.items(), ids=WORDS)
@pytest.mark.parametrize("text", [f"{PROMPT}\n\n%s", f"{PROMPT}\n\n%s\n\n{AFTERWARDS}"],
                         ids=["last", "in the middle"])  # fmt: skip
def test_the_users_words_are_found_in_a_prompt(words: str, start: str, text: str) -> None:
    assert said(asked(with_tools(*ALL, content=text % words))).startswith(start)


def test_every_result_is_told() -> None:
    loop = asked(
        answering(result("a", "one"), {**result("b", "two"), "status": "error"}),
        user(), assistant("", toolUses=[use("a"), use("b")]),
    )  # fmt: skip
    assert said(loop) == "The tool bash said:\n\none\n\nThe tool bash reports an error:\n\ntwo"


TITLE: Json = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
PERSON: Json = {
    "$defs": {"age": {"type": "integer", "minimum": 18}},
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 3},
        "age": {"$ref": "#/$defs/age"},
        "kind": {"enum": ["a", "b"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "more": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    },
}


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        (TITLE, {"title": "Fix the login button"}),
        (PERSON, {"name": "Fix", "age": 18, "kind": "a", "tags": ["Fix the login button"],
                  "more": False}),
    ],
    ids=["title", "person"],
)  # fmt: skip
def test_schemas_are_satisfied(schema: Json, document: Json) -> None:
    demand = f"Answer with exactly one JSON document.\n\nJSON schema:\n{json.dumps(schema)}"
    assert json.loads(said(asked(user(f"Fix the login button!\n\n{demand}")))) == document


def thinking(**fields: Any) -> list[str]:
    request = asked(user("Hello"), model="claude-opus-5", additionalModelRequestFields=fields)
    events = reply(request).events()
    return [name for kind, payload in events if kind == "reasoningContentEvent" for name in payload]


def test_thinking_as_asked() -> None:
    assert thinking(max_tokens=2000) == []
    assert thinking(thinking={"type": "disabled"}) == []
    assert thinking(thinking={"type": "adaptive", "display": "omitted"}) == ["signature"]
    for asked_for in ({"thinking": {"type": "adaptive"}}, {"output_config": {"effort": "low"}}):
        *texts, last = thinking(**asked_for)
        assert set(texts) == {"text"} and last == "signature"


def test_gpt_thinks_at_the_end_and_in_secret() -> None:
    fields = {"reasoning": {"effort": "low"}}
    request = asked(user("Hello"), model="gpt-5.6-sol", additionalModelRequestFields=fields)
    kinds = [kind for kind, _ in reply(request).events()]
    assert kinds[-4:] == [
        "reasoningContentEvent", "metadataEvent", "contextUsageEvent", "meteringEvent",
    ]  # fmt: skip


def test_its_own_reasoning_is_accepted_back() -> None:
    fields = {"thinking": {"type": "adaptive"}}
    request = asked(user("Hello"), model="claude-opus-5", additionalModelRequestFields=fields)
    pieces = [p for kind, p in reply(request).events() if kind == "reasoningContentEvent"]
    thought = {
        "text": "".join(piece.get("text", "") for piece in pieces),
        "signature": pieces[-1]["signature"],
    }
    told = assistant("Hi.", reasoningContent={"reasoningText": thought})
    assert validate(asked(user("More"), user("Hello"), told, model="claude-opus-5")) is None


def test_thinking_tags() -> None:
    tags = "<thinking_mode>enabled</thinking_mode><max_thinking_length>2000</max_thinking_length>"
    answer = said(asked(user(f"{tags}\n\n2 + 2")))
    assert answer.startswith("<thinking>The user says “2 + 2”.")
    assert answer.endswith("</thinking>\n\n2 + 2 = 4")


def test_max_tokens_ends_an_answer() -> None:
    request = asked(
        user("Count to 9000"), model="claude-opus-5",
        additionalModelRequestFields={"max_tokens": 1024},
    )  # fmt: skip
    assert ("metadataEvent", {"stopReason": "MAX_TOKENS"}) in reply(request).events()
    assert 3_900 < len(said(request)) <= 4_096


def test_ids_differ_along_a_conversation() -> None:
    loop = asked(
        with_tools(READ, content="Read a.txt"),
        user("Read a.txt"), assistant("", toolUses=[use("t", "Read", file_path="a.txt")]),
        user("", userInputMessageContext={"toolResults": [result("t")]}), assistant("It is empty."),
    )  # fmt: skip
    first = reply(asked(with_tools(READ, content="Read a.txt"))).events()
    second = reply(loop).events()
    ids = [{p["toolUseId"] for _, p in events if "toolUseId" in p} for events in (first, second)]
    assert len(ids[0] | ids[1]) == 2


@given(st.text(min_size=1), st.booleans())
def test_no_text_crashes_it(text: str, with_tool: bool) -> None:
    message = with_tools(*ALL, content=text) if with_tool else user(text)
    request = asked(message)
    if validate(request) is None:
        answer = reply(request)
        assert answer.complete and answer.frames()


SEARCH_TOOL = tool("web_search", {"type": "object", "properties": {"query": {"type": "string"}},
                                  "required": ["query"]})  # fmt: skip
QUERIES = {
    "Perform a web search for the query: claude code 2026": "claude code 2026",
    'Perform a web search for the query: "exactly this" site:a.example':
        '"exactly this" site:a.example',
    "Search the web for 'exactly this'": "exactly this",
    "Please search the web for Rust 1.90": "Rust 1.90",
    "Look up the weather in Paris online": "the weather in Paris",
    "Answer in one line.\n\nCan you find the Debian logo on the web?": "the Debian logo",
}  # fmt: skip


@pytest.mark.parametrize(("words", "query"), QUERIES.items(), ids=QUERIES)
def test_who_asks_for_the_web_gets_a_search(words: str, query: str) -> None:
    others = (tool("Grep", {"type": "object", "properties": {"pattern": {}}}),)
    for tools in ((SEARCH_TOOL,), (*others, SEARCH_TOOL)):
        assert called(asked(with_tools(*tools, content=words))) == ("web_search", {"query": query})


def test_a_search_that_is_demanded_is_for_what_was_asked() -> None:
    words = (
        "You search the web.\n\nPerform a web search for the query: rust\n\n"
        "Answer this message with a call of the tool web_search, not with text."
    )
    assert called(asked(with_tools(SEARCH_TOOL, content=words))) == (
        "web_search", {"query": "rust"},
    )  # fmt: skip


def test_what_was_found_is_told() -> None:
    pages = [{"title": "A", "url": "https://a", "snippet": "alpha"},
             {"title": "B", "url": "https://b"}]  # fmt: skip
    found = {"toolUseId": "s", "status": "success",
             "content": [{"text": json.dumps(page)} for page in pages]}  # fmt: skip
    request = asked(
        answering(found, tools=(SEARCH_TOOL,)),
        user("Search the web for letters"),
        assistant("", toolUses=[use("s", "web_search", query="letters")]),
    )
    assert said(request) == "The web has 2 pages:\n\n- A: alpha (https://a)\n- B (https://b)"

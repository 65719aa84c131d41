"""Conversations told in one line each: what a client sent, what the service gets, the notes.

``U`` is the user, ``A`` the assistant; ``name(id){input}`` a tool use, ``id=text`` its result,
``!`` a failed one, ``~`` reasoning, ``#`` an image.
"""

from typing import Any

import msgspec
import pytest

from amq2api.bridge.amazonq import content, words
from amq2api.bridge.amazonq.fidelity import Ledger
from amq2api.bridge.amazonq.names import Names
from amq2api.bridge.amazonq.turns import gather
from amq2api.dialects import messages as m
from amq2api.errors import BadRequest
from amq2api.sim.signing import SIGNER
from bridge.conversations import (
    MODEL,
    Json,
    assistant,
    converted,
    image,
    messages,
    notes,
    request,
    result,
    sent,
    system,
    text,
    thinking,
    tool,
    use,
    user,
)

HI, OK = user("hi"), assistant("ok")
ASK = assistant(use("t1", "ls", a=1))
SIGNED = thinking("hm", SIGNER.sign("hm", MODEL))
PNG, GIF = image("png"), image("gif")
NEXT = {"clear_at": "next_user_message"}
BROKEN_OFF = f"t1!={words.INTERRUPTED}"


def told(state: Json) -> str:
    return " | ".join(_told(turn) for turn in messages(state))


def _told(turn: Json) -> str:
    parts = [turn["content"]] if turn["content"] else []
    for each in turn.get("toolUses", []):
        given = ",".join(f"{key}:{value}" for key, value in each["input"].items())
        parts.append(f"{each['name']}({each['toolUseId']}){{{given}}}")
    for answer in turn.get("userInputMessageContext", {}).get("toolResults", []):
        sign = "!" if answer["status"] == "error" else ""
        parts.append(
            f"{answer['toolUseId']}{sign}=" + "+".join(p["text"] for p in answer["content"])
        )
    parts += ["#" + picture["format"] for picture in turn.get("images", [])]
    if "reasoningContent" in turn:
        reasoning = turn["reasoningContent"]
        parts.append("~" + (reasoning.get("redactedContent") or reasoning["reasoningText"]["text"]))
    return " ".join(["U" if "origin" in turn else "A", *parts])


def doc(source: Json, **members: Any) -> Json:
    return {"type": "document", "source": source, **members}


STORIES: dict[str, tuple[Json, str, str]] = {
    # The system's text and its place
    "one message": (request(HI), "U hi", ""),
    "system heads the first message": (
        request(HI, OK, user("go"), system="S"), "U S\n\nhi | A ok | U go", "",
    ),
    "system blocks are joined": (
        request(HI, system=[text("S"), text(" "), text("T")]), "U S\n\nT\n\nhi", "",
    ),
    "Anthropic's billing block stays behind": (
        request(HI, system=[text("x-anthropic-billing-header: cc=1"), text("S")]),
        "U S\n\nhi", "dropped:system.billing_header",
    ),
    "system alone does for an empty first message": (
        request(user(""), OK, user("go"), system="S"), "U S | A ok | U go",
        "dropped:messages repaired:messages",
    ),
    "system message after a user turn": (
        request(HI, system("now"), OK, user("go")), "U hi\n\nnow | A ok | U go", "",
    ),
    "system message at the very start": (request(system("now"), HI), "U now\n\nhi", ""),
    "system message between assistant and user": (
        request(HI, OK, system("now"), user("go")), "U hi | A ok | U now\n\ngo", "",
    ),
    "system message at the very end": (request(HI, OK, system("now")), "U hi | A ok | U now", ""),
    "system message between use and result": (
        request(HI, ASK, system("now"), user(result("t1", "r")), tools=[tool()]),
        "U hi | A ls(t1){a:1} | U now t1=r", "",
    ),
    "system message that only sets the effort": (
        request(HI, {"role": "system", "output_config": {"effort": "low"}}), "U hi", "",
    ),
    "system message that sets what only a call can": (
        request(HI, system("now") | {"output_config": {"task_budget": {"total": 1}}}),
        "U hi\n\nnow", "dropped:messages.output_config",
    ),
    "system message that adds a tool": (
        request(HI, system({"type": "tool_addition", "tool": {"name": "x"}})),
        'U hi\n\n{"type":"tool_addition","tool":{"name":"x"}}', "approximated:tool_addition",
    ),
    "system message that defines a tool": (
        request(HI, system({"type": "tool_addition", "tool": {
            "type": "tool_definition", "definition": tool("x")}}, "and")),
        "U hi\n\nand", "approximated:tool_addition",
    ),
    "system message that does nothing else": (
        request(HI, system({"type": "tool_addition", "tool": {
            "type": "tool_definition", "definition": tool("x")}})),
        "U hi", "approximated:tool_addition",
    ),
    "system message for one turn, in its turn": (
        request(HI, system("now") | NEXT), "U hi\n\nnow", "",
    ),
    "system message for one turn, after it": (
        request(HI, system("now") | NEXT, ASK, user(result("t1", "r")), system("then") | NEXT,
                tools=[tool()]),
        "U hi | A ls(t1){a:1} | U then t1=r", "dropped:messages.clear_at",
    ),
    "system message for one turn, before the assistant's": (
        request(HI, OK, user("go"), system("now") | NEXT, assistant("so")),
        f"U hi | A ok | U go\n\nnow | A so | U {words.CONTINUE}", "approximated:prefill",
    ),
    "system message for good": (
        request(HI, system("now") | {"clear_at": "never"}, OK, user("go")),
        "U hi\n\nnow | A ok | U go", "",
    ),
    "tool changes outlive their message": (
        request(HI, system({"type": "tool_removal", "tool": {
            "type": "tool_reference", "name": "ls"}}, "now") | NEXT, OK,
                user("go"), tools=[tool()]),
        'U hi\n\n{"type":"tool_removal","tool":{"type":"tool_reference","name":"ls"}} | A ok | '
        "U go",
        "dropped:messages.clear_at approximated:tool_removal",
    ),
    "tool changes that say nothing": (
        request(HI, system({"type": "tool_addition", "tool": {}}), assistant({
            "type": "tool_search_tool_result", "content": {"tool_references": ["x"]}}),
            user("go")),
        'U hi\n\n{"type":"tool_addition","tool":{}} | '
        'A {"type":"tool_search_tool_result","content":{"tool_references":["x"]}} | U go',
        "approximated:tool_addition approximated:tool_search_tool_result",
    ),
    # Turns
    "same roles in a row are merged": (
        request(HI, user("you"), OK, assistant("so"), user("go")),
        "U hi\n\nyou | A ok\n\nso | U go", "",
    ),
    "blocks of one message": (request(user("a", "b")), "U a\n\nb", ""),
    "blank blocks vanish": (request(user("a", "", " \n", "b ")), "U a\n\nb ", ""),
    "an empty message joins its neighbours": (
        request(HI, user(" "), OK, user("go")), "U hi | A ok | U go", "dropped:messages",
    ),
    "an empty first message": (
        request(user(""), OK, user("go")), f"U {words.EMPTY_MESSAGE} | A ok | U go",
        "dropped:messages repaired:messages",
    ),
    "nothing at all": (
        request(user(doc({"type": "text", "media_type": "text/plain", "data": " "}))),
        f"U {words.EMPTY_MESSAGE}",
        "approximated:document dropped:messages repaired:messages",
    ),
    "an assistant that only thought": (
        request(HI, assistant(thinking("hm")), user("go")), "U hi\n\ngo",
        "dropped:messages dropped:messages.thinking",
    ),
    "an image needs no words": (request(user(PNG)), "U #png", ""),
    # Prefill
    "a prefill is continued": (
        request(HI, assistant("{")), f"U hi | A {{ | U {words.CONTINUE}", "approximated:prefill",
    ),
    "a blank prefill is none": (request(HI, assistant("")), "U hi", "dropped:messages"),
    "the conversation breaks off at a tool use": (
        request(HI, ASK, tools=[tool()]), f"U hi | A ls(t1){{a:1}} | U {BROKEN_OFF}",
        "repaired:tool_use",
    ),
    # Tool uses and results
    "a tool loop": (
        request(HI, ASK, user(result("t1", "r"), "and?"), tools=[tool()]),
        "U hi | A ls(t1){a:1} | U and? t1=r", "",
    ),
    "results take the order of the uses": (
        request(HI, assistant(use("a"), use("b")), user(result("b", "2"), result("a", "1")),
                tools=[tool()]),
        "U hi | A ls(a){} ls(b){} | U a=1 b=2", "",
    ),
    "a failed tool": (
        request(HI, ASK, user(result("t1", "r", is_error=True)), tools=[tool()]),
        "U hi | A ls(t1){a:1} | U t1!=r", "",
    ),
    "texts of a result stay apart": (
        request(HI, ASK, user(result("t1", "r", "", " ", "s")), tools=[tool()]),
        "U hi | A ls(t1){a:1} | U t1=r+s", "",
    ),
    "a silent tool": (
        request(HI, ASK, user(result("t1")), tools=[tool()]),
        f"U hi | A ls(t1){{a:1}} | U t1={words.EMPTY_RESULT}", "approximated:tool_result.content",
    ),
    "a tool that said only a newline": (
        request(HI, ASK, user(result("t1", "\n")), tools=[tool()]),
        f"U hi | A ls(t1){{a:1}} | U t1={words.EMPTY_RESULT}", "approximated:tool_result.content",
    ),
    "an unanswered tool use": (
        request(HI, ASK, user("stop"), OK, user("go"), tools=[tool()]),
        f"U hi | A ls(t1){{a:1}} | U stop {BROKEN_OFF} | A ok | U go", "repaired:tool_use",
    ),
    "a result that comes too late": (
        request(HI, ASK, user("stop"), OK, user("a", result("t1", "r"), "b"), tools=[tool()]),
        f"U hi | A ls(t1){{a:1}} | U stop {BROKEN_OFF} | A ok | U a\n\nr\n\nb",
        "repaired:tool_use repaired:tool_result",
    ),
    "a result before any use": (
        request(user(result("t1", "r", PNG))), "U r\n\n[image 1 of this message] #png",
        "repaired:tool_result approximated:tool_result.image",
    ),
    "several results for one use": (
        request(HI, ASK, user(result("t1", "r"), result("t1", "s", is_error=True)),
                tools=[tool()]),
        "U hi | A ls(t1){a:1} | U t1!=r+s", "repaired:tool_result",
    ),
    "uses that share an id": (
        request(HI, assistant(use("t1"), use("t1")),
                user(result("t1", "1"), result("t1", "2"), result("t1", "3")), tools=[tool()]),
        "U hi | A ls(t1){} ls(t1_d4f5f53c){} | U t1=1 t1_d4f5f53c=2+3",
        "approximated:tool_use.id repaired:tool_result",
    ),
    "more uses than results under one id": (
        request(HI, assistant(use("t1"), use("t1")), user(result("t1", "1")), tools=[tool()]),
        f"U hi | A ls(t1){{}} ls(t1_d4f5f53c){{}} | U t1=1 t1_d4f5f53c!={words.INTERRUPTED}",
        "approximated:tool_use.id repaired:tool_use",
    ),
    "ids and names the service has no letters for": (
        request(HI, assistant(use("a b", "p.q")), user(result("a b", "r"))),
        f"U hi | A p_q_b9593854(a_b_44973b30){{}} | U {words.TOOL_NONE} a_b_44973b30=r",
        "approximated:tool_use.id approximated:tools repaired:tools approximated:tools.name",
    ),
    "keys without letters": (
        request(HI, assistant({**use(), "input": {"": {"": 1}, "_": ""}}), user(result("t1", "r")),
                tools=[tool()]),
        "U hi | A ls(t1){_71917073:{'_71917073': 1},_:} | U t1=r", "repaired:tool_use.input",
    ),
    # What results hold beside texts
    "images of results come before the message's own": (
        request(HI, ASK, user(GIF, result("t1", "see", PNG)), tools=[tool()]),
        "U hi | A ls(t1){a:1} | U t1=see+[image 1 of this message] #png #gif",
        "approximated:tool_result.image",
    ),
    "a result names tools": (
        request(HI, ASK, user(result("t1", {"type": "tool_reference", "tool_name": "a.b"})),
                tools=[tool(), tool("a.b", defer_loading=True)]),
        "U hi | A ls(t1){a:1} | U t1=a_b_485d357c",
        "approximated:tool_reference approximated:tools.name",
    ),
    "a result shows a browser": (
        request(HI, ASK, user(result("t1", {"type": "browser_state", "content": {"x": 1}})),
                tools=[tool()]),
        'U hi | A ls(t1){a:1} | U t1={"type":"browser_state","content":{"x":1}}',
        "approximated:browser_state",
    ),
    # Other blocks
    "a document of text": (
        request(user(doc({"type": "text", "media_type": "text/plain", "data": "D"}, title="T",
                         context="C"))),
        "U T\nC\nD", "approximated:document",
    ),
    "a document in one piece": (
        request(user(doc({"type": "content", "content": "D"}))), "U D", "approximated:document",
    ),
    "a document of parts": (
        request(user(doc({"type": "content", "content": [text("D"), PNG, text("E")]}, title="T"))),
        "U T\n\nD\n\nE #png", "approximated:document",
    ),
    "a document of the assistant's with a picture": (
        request(HI, assistant("so", doc({"type": "content", "content": [text("D"), PNG]}), "this"),
                user("go")),
        "U hi | A so\n\nD | U #png | A this | U go", "approximated:document",
    ),
    "a document of the assistant's that is a picture": (
        request(HI, assistant(doc({"type": "content", "content": [PNG]}), use("t1")),
                user(result("t1", "r")), tools=[tool()]),
        "U hi #png | A ls(t1){} | U t1=r", "approximated:document",
    ),
    "a search result": (
        request(user({"type": "search_result", "source": "S", "title": "T",
                      "content": [text("a"), text("b")]})),
        "U T\nS\na\nb", "approximated:search_result",
    ),
    "what a server's tool did": (
        request(HI, assistant({"type": "server_tool_use", "id": "s1", "name": "web_search",
                               "input": {"query": "q"}}), user("go")),
        'U hi | A {"type":"server_tool_use","id":"s1","name":"web_search","input":{"query":"q"}}'
        " | U go", "approximated:server_tool_use",
    ),
    "a summary of Claude's own": (
        request(HI, assistant({"type": "compaction", "content": "S"}), user("go")),
        'U hi | A {"type":"compaction","content":"S"} | U go', "approximated:messages.compaction",
    ),
    # Thoughts
    "a signed thought": (
        request(HI, assistant(SIGNED, "so"), user("go")), "U hi | A so ~hm | U go", "",
    ),
    "one slot for several thoughts": (
        request(HI, assistant(thinking("a", "c2ln"), SIGNED, thinking("b")),
                assistant("so"), user("go")),
        "U hi | A so ~hm | U go", "dropped:messages.thinking=2",
    ),
    "our own mark is no signature": (
        request(HI, assistant(thinking("hm", words.MARKER_SIGNATURE), "so"), user("go")),
        "U hi | A so | U go", "dropped:messages.thinking",
    ),
    "a sealed thought": (
        request(HI, assistant({"type": "redacted_thinking", "data": "c2ln"}, "so"), user("go")),
        "U hi | A so ~c2ln | U go", "",
    ),
    "a sealed thought that is none": (
        request(HI, assistant({"type": "redacted_thinking", "data": "?"},
                              {"type": "redacted_thinking", "data": ""}, "so"), user("go")),
        "U hi | A so | U go", "dropped:redacted_thinking=2",
    ),
    # What the answer should be
    "any tool": (
        request(HI, tools=[tool()], tool_choice={"type": "any"}), f"U hi\n\n{words.TOOL_ANY}",
        "approximated:tool_choice.any",
    ),
    "one tool": (
        request(HI, tools=[tool("a.b")], tool_choice={"type": "tool", "name": "a.b"}),
        f"U hi\n\n{words.TOOL_ONE.format(name='a_b_485d357c')}",
        "approximated:tool_choice.tool approximated:tools.name",
    ),
    "one tool at a time": (
        request(HI, tools=[tool()],
                tool_choice={"type": "auto", "disable_parallel_tool_use": True}),
        "U hi", "approximated:tool_choice.disable_parallel_tool_use",
    ),
    "a document by schema": (
        request(HI, output_config={"format": {"type": "json_schema", "schema": {"x": [1]}},
                                   "task_budget": {"type": "tokens", "total": 1}}),
        "U hi\n\n" + words.JSON_OUTPUT.format(schema='{"x":[1]}'),
        "dropped:output_config.task_budget approximated:output_config.format",
    ),
    "a document by schema with an empty key": (
        request(HI, output_format={"type": "json_schema", "schema": {"": [1]}}),
        "U hi\n\n" + words.JSON_OUTPUT.format(schema='{"":[1]}'),
        "approximated:output_config.format",
    ),
    "a document by schema, the old way": (
        request(HI, output_format={"type": "json_schema", "schema": {}}),
        "U hi\n\n" + words.JSON_OUTPUT.format(schema="{}"), "approximated:output_config.format",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "story", "changed"), STORIES.values(), ids=STORIES)
def test_stories(asked: Json, story: str, changed: str) -> None:
    made = converted(asked)
    assert told(sent(made)) == story
    assert notes(made) == changed


def test_thinking_tags_stand_before_the_current_text() -> None:
    state = sent(converted(request(HI, system="S"), think_tags=2048))
    tags = "<thinking_mode>enabled</thinking_mode><max_thinking_length>2048</max_thinking_length>"
    assert told(state) == f"U S\n\n{tags}\n\nhi"


def test_thoughts_stay_behind_when_the_service_refused_them() -> None:
    made = converted(request(HI, assistant(SIGNED, "so"), user("go")), replay_reasoning=False)
    assert told(sent(made)) == "U hi | A so | U go"
    assert notes(made) == "dropped:messages.thinking"


def test_the_current_message_alone_names_the_model_and_every_user_message_the_origin() -> None:
    state = sent(converted(request(HI, OK, user("go"))))
    assert state == {
        "conversationId": "c",
        "chatTriggerType": "MANUAL",
        "history": [
            {"userInputMessage": {"content": "hi", "origin": "CLI"}},
            {"assistantResponseMessage": {"content": "ok"}},
        ],
        "currentMessage": {
            "userInputMessage": {"content": "go", "origin": "CLI", "modelId": MODEL}
        },
    }


def test_ten_images_a_message() -> None:
    assert told(sent(converted(request(user(*[PNG] * 10))))).count("#png") == 10
    with pytest.raises(
        BadRequest, match=r"^messages\.1\.content: too much media: 11 images, .* 10 images"
    ):
        converted(request(user(" "), user("x", *[PNG] * 6), user(*[PNG] * 5)))


def test_history_keeps_its_images() -> None:
    state = sent(converted(request(user(PNG), OK, user(GIF))))
    assert told(state) == "U #png | A ok | U #gif"


@pytest.mark.parametrize("source", ["url", "file"])
def test_what_the_checks_let_through_by_mistake_is_refused(source: str) -> None:
    somewhere = m.UrlSource("https://x") if source == "url" else m.FileSource("f")
    with pytest.raises(BadRequest, match="lies elsewhere"):
        content.image(m.Image(somewhere))
    with pytest.raises(BadRequest, match="lies elsewhere"):
        list(content.Reader(Names(), Ledger()).pieces([m.Document(somewhere)]))


def test_a_turn_holds_what_its_speaker_may_say() -> None:
    strange = m.Message("user", [m.ToolUse("t1", "ls", msgspec.Raw(b"{}"))])
    with pytest.raises(BadRequest, match=r"^messages\.0\.content: `tool_use` .* user turn"):
        list(gather([strange], content.Reader(Names(), Ledger()), Ledger()))

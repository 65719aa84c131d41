"""Searches of the web: what is declared, what the model reads of them, what a client gets."""

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq2api.bridge.amazonq import words
from amq2api.bridge.amazonq.searching import results
from amq2api.dialects import amazonq as q
from amq2api.dialects import messages as m
from bridge.conversations import (
    Json,
    assistant,
    converted,
    messages,
    notes,
    request,
    result,
    sent,
    tool,
    use,
    user,
)
from bridge.test_conversation import told

HI = user("hi")
SEARCH_TOOL = {"type": "web_search_20250305", "name": "web_search"}


def search(id: str = "srvtoolu_1") -> Json:
    return {"type": "server_tool_use", "id": id, "name": "web_search", "input": {"query": "q"}}


def sealed(text: str) -> str:
    return base64.b64encode(b"amq2api: " + text.encode()).decode()


def page(title: str, snippet: str | None = None, **members: Any) -> Json:
    content = "Eo8gCioIAhgC" if snippet is None else sealed(snippet)
    return {"type": "web_search_result", "title": title, "url": "https://a.example/",
            "encrypted_content": content, **members}  # fmt: skip


def found(*pages: Any, id: str = "srvtoolu_1") -> Json:
    return {"type": "web_search_tool_result", "tool_use_id": id, "content": list(pages)}


def failed(code: str, id: str = "srvtoolu_1") -> Json:
    content = {"type": "web_search_tool_result_error", "error_code": code}
    return {"type": "web_search_tool_result", "tool_use_id": id, "content": content}


A = page("A", "alpha")
TOLD_A = '{"title":"A","url":"https://a.example/","snippet":"alpha"}'
PAGE_A = msgspec.json.encode(A).decode()
ASKED = "web_search(srvtoolu_1){query:q}"
FOREIGN = "dropped:web_search_tool_result.encrypted_content"

STORIES: dict[str, tuple[Json, str, str]] = {
    "a search and an answer": (
        request(HI, assistant("so", search(), found(A), "this"), user("go"), tools=[SEARCH_TOOL]),
        f"U hi | A so {ASKED} | U srvtoolu_1={TOLD_A} | A this | U go", "",
    ),
    "the answer has yet to come": (
        request(HI, assistant("so", search(), found(A)), tools=[SEARCH_TOOL]),
        f"U hi | A so {ASKED} | U srvtoolu_1={TOLD_A}", "",
    ),
    "the user speaks at once": (
        request(HI, assistant(search(), found(A)), user("go"), tools=[SEARCH_TOOL]),
        f"U hi | A {ASKED} | U go srvtoolu_1={TOLD_A}", "",
    ),
    "two searches, one after the other": (
        request(HI, assistant(search(), found(A), search("s2"), found(A, id="s2"), "this"),
                user("go"), tools=[SEARCH_TOOL]),
        f"U hi | A {ASKED} | U srvtoolu_1={TOLD_A} | A web_search(s2){{query:q}} | "
        f"U s2={TOLD_A} | A this | U go", "",
    ),
    "two searches at once": (
        request(HI, assistant(search(), search("s2"), found(A), found(A, id="s2"), "this"),
                user("go"), tools=[SEARCH_TOOL]),
        f"U hi | A {ASKED} web_search(s2){{query:q}} | U srvtoolu_1={TOLD_A} s2={TOLD_A} | "
        "A this | U go", "",
    ),
    "results in another order": (
        request(HI, assistant(search(), search("s2"), found(id="s2"), "x", found(A)), user("go"),
                tools=[SEARCH_TOOL]),
        f"U hi | A x {ASKED} web_search(s2){{query:q}} | "
        f"U go srvtoolu_1={TOLD_A} s2={words.EMPTY_RESULT}", "approximated:tool_result.content",
    ),
    "one id for two searches": (
        request(HI, assistant(search(), search(), found(A), found()), user("go"),
                tools=[SEARCH_TOOL]),
        f"U hi | A {ASKED} web_search(srvtoolu_1_06eadb6b){{query:q}} | "
        f"U go srvtoolu_1={TOLD_A} srvtoolu_1_06eadb6b={words.EMPTY_RESULT}",
        "approximated:tool_use.id approximated:tool_result.content",
    ),
    "a search beside a tool of the client's": (
        request(HI, assistant(search(), use("t1"), found(A)), user(result("t1", "r")),
                tools=[SEARCH_TOOL, tool()]),
        f"U hi | A {ASKED} ls(t1){{}} | U srvtoolu_1={TOLD_A} t1=r", "",
    ),
    "a tool of the client's waits for its result": (
        request(HI, assistant(use("t1"), search(), found(A), "and", search("s2"),
                              found(A, id="s2")), user(result("t1", "r")),
                tools=[SEARCH_TOOL, tool()]),
        f"U hi | A and ls(t1){{}} {ASKED} web_search(s2){{query:q}} | "
        f"U t1=r srvtoolu_1={TOLD_A} s2={TOLD_A}", "",
    ),
    "a tool of the client's after the search": (
        request(HI, assistant(search(), found(A), "so", use("t1")), user(result("t1", "r")),
                tools=[SEARCH_TOOL, tool()]),
        f"U hi | A {ASKED} | U srvtoolu_1={TOLD_A} | A so ls(t1){{}} | U t1=r", "",
    ),
    "pages of many kinds": (
        request(HI, assistant(search(), found(
            page("A", "", page_age="May 1, 2026"), page("B"), page("C", "漢", page_age=None),
            {**page("D"), "encrypted_content": None}, {**page("E"), "encrypted_content": "é"},
            "odd")), tools=[SEARCH_TOOL]),
        f"U hi | A {ASKED} | "
        'U srvtoolu_1={"title":"A","url":"https://a.example/","page_age":"May 1, 2026"}'
        '+{"title":"B","url":"https://a.example/"}'
        '+{"title":"C","url":"https://a.example/","snippet":"漢"}'
        '+{"title":"D","url":"https://a.example/"}+{"title":"E","url":"https://a.example/"}+"odd"',
        FOREIGN + "=2",
    ),
    "a search that failed": (
        request(HI, assistant(search(), failed("unavailable")), tools=[SEARCH_TOOL]),
        f"U hi | A {ASKED} | U srvtoolu_1!="
        '{"type":"web_search_tool_result_error","error_code":"unavailable"}', "",
    ),
    "a search that found nothing": (
        request(HI, assistant(search(), found()), tools=[SEARCH_TOOL]),
        f"U hi | A {ASKED} | U srvtoolu_1={words.EMPTY_RESULT}", "approximated:tool_result.content",
    ),
    "a search of yesterday": (
        request(HI, assistant(search(), found(A)), user("go")),
        f"U hi | A {ASKED} | U go\n\n{words.TOOL_NONE} srvtoolu_1={TOLD_A}",
        "approximated:tools repaired:tools",
    ),
    "one of two results": (
        request(HI, assistant(search(), search("s2"), found(A)), user("go"), tools=[SEARCH_TOOL]),
        'U hi | A {"type":"server_tool_use","id":"s2","name":"web_search","input":{"query":"q"}} '
        f"{ASKED} | U go srvtoolu_1={TOLD_A}", "approximated:server_tool_use",
    ),
    "two results for one search": (
        request(HI, assistant(search(), found(A), found("x")), user("go"), tools=[SEARCH_TOOL]),
        f'U hi | A {ASKED} | U srvtoolu_1={TOLD_A} | A {{"type":"web_search_tool_result",'
        '"tool_use_id":"srvtoolu_1","content":["x"]} | U go',
        "approximated:web_search_tool_result",
    ),
    "another tool of a server's": (
        request(HI, assistant({**search(), "name": "web_fetch"}, found(A)), tools=[SEARCH_TOOL]),
        'U hi | A {"type":"server_tool_use","id":"srvtoolu_1","name":"web_fetch",'
        '"input":{"query":"q"}}\n\n{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1",'
        f'"content":[{PAGE_A}]}} | U {words.CONTINUE}',
        "approximated:server_tool_use approximated:web_search_tool_result approximated:prefill",
    ),
    "a search without its result": (
        request(HI, assistant(search()), user("go"), tools=[SEARCH_TOOL]),
        'U hi | A {"type":"server_tool_use","id":"srvtoolu_1","name":"web_search",'
        '"input":{"query":"q"}} | U go', "approximated:server_tool_use",
    ),
    "a result without its search": (
        request(HI, assistant(found("x")), user("go"), tools=[SEARCH_TOOL]),
        'U hi | A {"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":["x"]} | '
        "U go", "approximated:web_search_tool_result",
    ),
    "a result before its search": (
        request(HI, assistant(found("x"), search()), user("go"), tools=[SEARCH_TOOL]),
        'U hi | A {"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":["x"]}\n\n'
        '{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q"}} | '
        "U go", "approximated:web_search_tool_result approximated:server_tool_use",
    ),
    "a thought on either side": (
        request(HI, assistant({"type": "redacted_thinking", "data": "c2ln"}, search(), found(A),
                              {"type": "redacted_thinking", "data": "c2l="}, "this"), user("go"),
                tools=[SEARCH_TOOL]),
        f"U hi | A {ASKED} ~c2ln | U srvtoolu_1={TOLD_A} | A this ~c2l= | U go", "",
    ),
    "a thought after the search, and no more": (
        request(HI, assistant(search(), found(A), {"type": "redacted_thinking", "data": "c2l="}),
                user("go"), tools=[SEARCH_TOOL]),
        f"U hi | A {ASKED} | U go srvtoolu_1={TOLD_A}",
        "dropped:messages dropped:redacted_thinking",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "story", "changed"), STORIES.values(), ids=STORIES)
def test_stories(asked: Json, story: str, changed: str) -> None:
    made = converted(asked)
    assert told(sent(made)) == story
    # That the tool is declared in the service's own way goes without saying here.
    assert notes(made).replace("approximated:tools.type", "").split() == changed.split()


def test_what_is_given_out_so_far_goes_on_with_the_answer() -> None:
    """The blocks of an answer, as this program makes them, are a client's of the next request."""
    given = results(q.SearchResults([q.SearchHit("A", "https://a.example/", "alpha")]))
    blocks = [
        m.ServerToolUseBlock("srvtoolu_1", "web_search", {"query": "q"}),
        m.WebSearchToolResultBlock("srvtoolu_1", given),
    ]
    fresh = assistant(*[msgspec.to_builtins(block) for block in blocks])
    echoed = assistant(search(), found(A))
    for answer in (fresh, echoed):
        state = sent(converted(request(HI, answer, tools=[SEARCH_TOOL])))
        assert told(state) == f"U hi | A {ASKED} | U srvtoolu_1={TOLD_A}"


def declared(asked: Json) -> Json:
    (entry,) = messages(sent(converted(asked)))[-1]["userInputMessageContext"]["tools"]
    specification: Json = entry["toolSpecification"]
    return specification


@pytest.mark.parametrize("version", ["20250305", "20260209", "20260318"])
def test_the_tool_as_it_is_declared(version: str) -> None:
    asked = {"type": f"web_search_{version}", "name": "web_search", "max_uses": 3}
    assert declared(request(HI, tools=[asked])) == {
        "name": "web_search",
        "description": "web_search",
        "inputSchema": {"json": {
            "type": "object",
            "properties": {
                "query": {"type": "string", "description": "At most 200 characters."}},
            "required": ["query"],
        }},
    }  # fmt: skip


def test_a_description_of_the_client_s_stays() -> None:
    asked = SEARCH_TOOL | {"description": "δ", "blocked_domains": ["a.example"]}
    assert declared(request(HI, tools=[asked]))["description"] == (
        'δ\nblocked_domains: ["a.example"]'
    )


def test_where_to_look_is_said_in_the_description() -> None:
    place = {"type": "approximate", "city": "München"}
    asked = SEARCH_TOOL | {"allowed_domains": ["a.example", "b.example"], "user_location": place}
    made = converted(request(HI, tools=[asked]))
    assert declared(request(HI, tools=[asked]))["description"] == (
        'web_search\nallowed_domains: ["a.example","b.example"]\n'
        'user_location: {"type":"approximate","city":"München"}'
    )
    assert notes(made) == "approximated:tools.type"


HIT = q.SearchHit("T", "https://a.example/x", "text", 1_750_000_000_000, "a.example")


def test_what_a_client_gets_of_a_search() -> None:
    bare = q.SearchHit("U", "https://b.example/")
    assert results(q.SearchResults([HIT, bare])) == [
        m.WebSearchResult("https://a.example/x", "T", sealed("text"), "June 15, 2025"),
        m.WebSearchResult("https://b.example/", "U", sealed(""), None),
    ]


@pytest.mark.parametrize("moment", [1e30, -1e30, float("nan"), float("inf")])
def test_a_day_that_is_none_is_not_told(moment: float) -> None:
    hit = msgspec.structs.replace(HIT, published_date=moment)
    assert results(q.SearchResults([hit]))[0].page_age is None


DOMAINS: dict[str, tuple[str, str, bool]] = {
    # address, domain, whether the one lies within the other
    "the very same": ("https://a.example/x", "a.example", True),
    "another": ("https://b.example/", "a.example", False),
    "a subdomain": ("https://docs.a.example/", "a.example", True),
    "its parent": ("https://a.example/", "docs.a.example", False),
    "a name that ends alike": ("https://ba.example/", "a.example", False),
    "www of it": ("https://www.a.example/", "a.example", True),
    "it of www": ("https://a.example/", "www.a.example", True),
    "in capitals": ("HTTPS://A.example/", "a.Example", True),
    "with a scheme": ("http://a.example/", "https://a.example/", True),
    "with a port": ("http://a.example:8080/", "a.example", True),
    "a path": ("https://a.example/blog/1", "a.example/blog", True),
    "another path": ("https://a.example/news", "a.example/blog", False),
    "a path with a star": ("https://a.example/2026/blog/1", "a.example/*/blog", True),
    "a path with a star in vain": ("https://a.example/blog", "a.example/*/blog", False),
    "nothing at all": ("https://a.example/", "", False),
    "no address": ("not an address", "a.example", False),
    "an address that is none": ("https://[a/", "a.example", False),
}


@pytest.mark.parametrize(("url", "domain", "within"), DOMAINS.values(), ids=DOMAINS)
def test_domains(url: str, domain: str, within: bool) -> None:
    found = q.SearchResults([msgspec.structs.replace(HIT, url=url)])
    assert bool(results(found, allowed=[domain])) is within
    assert bool(results(found, blocked=[domain])) is not within


def test_no_domains_are_no_condition() -> None:
    found = q.SearchResults([HIT])
    assert results(found, allowed=[], blocked=[]) == results(found)


@given(st.text(), st.text())
def test_every_snippet_survives_the_way_through_the_client(title: str, snippet: str) -> None:
    given_out = results(q.SearchResults([q.SearchHit(title, "https://a.example/", snippet)]))
    echoed = found(*msgspec.to_builtins(given_out))
    (_, _, answer) = messages(sent(converted(request(HI, assistant(search(), echoed)))))
    ((text,),) = (each["content"] for each in answer["userInputMessageContext"]["toolResults"])
    read = msgspec.json.decode(text["text"])
    assert (read["title"], read.get("snippet", "")) == (title, snippet)

"""The OpenAPI document, the page made of it, and the files of the page."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from admin.desk import Desk, at_desk
from amq2api.admin.docs_page import docs_page
from amq2api.admin.inputs import REGION
from amq2api.admin.openapi import operations
from amq2api.admin.schema_rows import Row, rows

VOID = {"meta", "link", "br"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with at_desk(tmp_path_factory.mktemp("docs")) as found:
        yield found


@pytest.fixture(scope="module")
def document(desk: Desk) -> Any:
    answer = desk.ask("GET", "/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    return answer.body


class Outline(HTMLParser):
    """What a page consists of; complains about tags that are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def test_every_operation_says_what_it_is(document: Any) -> None:
    seen = set()
    for path, method, operation in operations(document):
        assert re.fullmatch(r"[a-z_]+", operation["operationId"])
        assert operation["summary"] and operation["description"] and operation["tags"]
        assert operation["operationId"] not in seen
        seen.add(operation["operationId"])
        responses = operation["responses"]
        assert "200" in responses and "422" not in responses
        assert {"401", "403", "503"} <= responses.keys(), (method, path)
        for status, response in responses.items():
            assert response["description"] and response["content"], (method, path, status)
        if "requestBody" in operation:
            assert {"400", "413"} <= responses.keys(), (method, path)
        if "{" in path:
            assert "404" in responses
    assert len(seen) == 31
    assert {tag["name"] for tag in document["tags"]} == {
        operation["tags"][0] for _, _, operation in operations(document)
    }


def test_inputs_are_closed_and_bounded(document: Any) -> None:
    schemas = document["components"]["schemas"]
    assert not {"HTTPValidationError", "ValidationError"} & schemas.keys()
    for _, _, operation in operations(document):
        body = operation.get("requestBody")
        if body is None or operation["operationId"] in ("play", "translate_call"):
            continue
        schema = body["content"]["application/json"]["schema"]
        for part in schema.get("oneOf", [schema]):
            name = part["$ref"].rpartition("/")[2]
            assert schemas[name]["additionalProperties"] is False, name
            assert "examples" in schemas[name] or len(schemas[name]["properties"]) < 6, name


def test_the_page_shows_every_operation_without_a_script(desk: Desk, document: Any) -> None:
    answer = desk.ask("GET", "/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = answer.raw.decode()
    outline = Outline(page)
    assert outline.all("script") == [] and outline.all("style") == []
    assert not any(name.startswith("on") or name == "style" for _, attributes in outline.tags
                   for name in attributes)  # fmt: skip
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {(each.get("href") or "")[1:] for each in outline.all("a")
               if (each.get("href") or "").startswith("#")}  # fmt: skip
    assert targets <= set(ids)
    for path, method, operation in operations(document):
        assert operation["operationId"] in ids
        assert f"<b>{method.upper()}</b> {path}</code>" in page
    assert page.count("curl") >= 28 and desk.house.url in page
    assert outline.all("html") == [{"lang": "en"}]
    for each in outline.all("th"):
        assert each["scope"] in ("row", "col")
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_an_address_that_wants_to_be_more_is_only_text(document: Any) -> None:
    page = docs_page(document, "http://x/'\"><script>alert(1)</script>")
    assert "<script" not in page
    Outline(page)


SCHEMA = {
    "type": "object", "required": ["name"],
    "properties": {
        "name": {
            "type": "string", "minLength": 1, "maxLength": 5, "description": "What to call it.",
        },
        "region": {"type": "string", "pattern": REGION, "minLength": 2},
        "kind": {"anyOf": [{"const": "a"}, {"type": "null"}]},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
    },
}  # fmt: skip
PART = {"type": "object", "properties": {"on": {"enum": [True, 3]}}}


def test_a_schema_as_rows() -> None:
    assert list(rows(SCHEMA, {"Part": PART})) == [
        Row("name", "string", True, "What to call it; at most 5 characters"),
        Row(
            "region",
            "string",
            False,
            "must be the name of an AWS region, such as us-east-1; at least 2 characters",
        ),
        Row("kind", '"a" or null', False, ""),
        Row("parts", "list of object", False, ""),
        Row("parts[].on", "true or 3", False, ""),
    ]


FILES = {
    "/": "text/html; charset=utf-8",
    "/admin": "text/html; charset=utf-8",
    "/static/docs.css": "text/css; charset=utf-8",
    "/static/favicon.svg": "image/svg+xml",
    "/static/js/main.js": "text/javascript; charset=utf-8",
}


@pytest.mark.parametrize(("path", "kind"), FILES.items(), ids=FILES)
def test_files_are_served_and_kept_by_browsers(desk: Desk, path: str, kind: str) -> None:
    answer = desk.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["cache-control"] == "no-cache" and answer.raw
    tag = answer.headers["etag"]
    for asked in (tag, f"W/{tag}", f'"other", {tag}'):
        again = desk.ask("GET", path, if_none_match=asked)
        assert (again.status, again.raw, again.headers["etag"]) == (304, b"", tag)
    assert desk.ask("GET", path, if_none_match='"other"').status == 200
    if path != "/":  # which is also a probe of clients, and answered as such
        head = desk.ask("HEAD", path)
        assert (head.status, head.raw) == (200, b"")
        assert head.headers["content-length"] == str(len(answer.raw))


@pytest.mark.parametrize("path", ["", "js", "../app.py", "%2e%2e/app.py", "vendor/README.md",
                                  "/etc/passwd", "index.html\0"])  # fmt: skip
def test_nothing_else_is_served(desk: Desk, path: str) -> None:
    answer = desk.ask("GET", f"/static/{path}")
    assert (answer.status, answer.error["type"]) == (404, "not_found")

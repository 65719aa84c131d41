"""``/docs``: the OpenAPI document as one page for people, made here and without a script."""

import json
import shlex
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, TypeAlias

from .openapi import operations
from .schema_rows import Row, Schema, resolved, rows

Operation: TypeAlias = Mapping[str, Any]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="/static/favicon.svg">
<link rel="stylesheet" href="/static/docs.css">
</head>
<body>
<a class="skip" href="#content">Skip to the operations</a>
<header>
<h1>{title}</h1>
{intro}
<p><a href="/">The page</a> · <a href="/openapi.json">The OpenAPI document</a></p>
</header>
<nav aria-label="Operations">
{contents}
</nav>
<main id="content">
{sections}
</main>
</body>
</html>
"""


def docs_page(document: Mapping[str, Any], address: str) -> str:
    """The page as HTML.

    Args:
        document: The OpenAPI document.
        address: Where the reader reached this gateway, for examples to copy.
    """
    info = document["info"]
    by_tag = {tag["name"]: tag for tag in document["tags"]}
    found: dict[str, list[tuple[str, str, Operation]]] = {name: [] for name in by_tag}
    for path, method, operation in operations(dict(document)):
        found[operation["tags"][0]].append((path, method, operation))
    title = f"{info['title']} {info['version']}: the admin API"
    return _PAGE.format(
        title=escape(title),
        intro="\n".join(_paragraphs(info["description"])),
        contents="\n".join(_contents(found)),
        sections="\n".join(
            _section(by_tag[name], listed, document["components"]["schemas"], address)
            for name, listed in found.items()
        ),
    )


def _contents(found: Mapping[str, list[tuple[str, str, Operation]]]) -> Iterator[str]:
    for name, listed in found.items():
        links = "".join(
            f'<li><a href="#{operation["operationId"]}">{escape(operation["summary"])}</a></li>'
            for _, _, operation in listed
        )
        head = f'<h2><a href="#{name}">{escape(name.capitalize())}</a></h2>'
        yield f"<div>{head}<ul>{links}</ul></div>"


def _section(
    tag: Mapping[str, str],
    listed: list[tuple[str, str, Operation]],
    components: Schema,
    address: str,
) -> str:
    articles = "\n".join(_article(*one, components, address) for one in listed)
    name = escape(tag["name"])
    return (
        f'<section aria-labelledby="{name}"><h2 id="{name}">{name.capitalize()}</h2>'
        f"<p>{escape(tag['description'])}</p>\n{articles}</section>"
    )


def _article(path: str, method: str, operation: Operation, components: Schema, address: str) -> str:
    label = operation["operationId"]
    parts = [
        f'<article aria-labelledby="{label}"><h3 id="{label}">{escape(operation["summary"])}</h3>',
        f"<p><code><b>{method.upper()}</b> {escape(path)}</code></p>",
        *_paragraphs(operation["description"]),
        *_parameters(operation),
        *_body(operation, components),
        *_answers(operation, components),
        "<h4>Example</h4>",
        _code(_curl(path, method, operation, components, address), operation),
        "</article>",
    ]
    return "\n".join(parts)


def _parameters(operation: Operation) -> Iterator[str]:
    told = [
        Row(
            f"{each['name']} ({each['in']})",
            str(each["schema"].get("type", "string")),
            each.get("required", False),
            each.get("description", ""),
        )
        for each in operation.get("parameters", ())
    ]
    if told:
        yield f"<h4>Parameters</h4>{_table('Parameters', told, operation)}"


def _body(operation: Operation, components: Schema) -> Iterator[str]:
    schema = _body_schema(operation)
    if schema is None:
        return
    yield "<h4>Body</h4>"
    branches = schema.get("oneOf") or [schema]
    for branch in branches:
        which = "" if len(branches) == 1 else f" of {resolved(branch, components)['title']}"
        caption = f"Members of the body{which}"
        yield _table(caption, list(rows(branch, components)), operation)


def _answers(operation: Operation, components: Schema) -> Iterator[str]:
    yield "<h4>Answers</h4><dl>"
    for status, answer in operation["responses"].items():
        yield f"<dt><code>{status}</code></dt><dd>{escape(answer['description'])}"
        if status == "200":
            yield from _data(answer, components, operation)
        yield "</dd>"
    yield "</dl>"


def _data(answer: Mapping[str, Any], components: Schema, operation: Operation) -> Iterator[str]:
    schema = answer["content"].get("application/json", {}).get("schema", {})
    data = resolved(schema, components).get("properties", {}).get("data")
    if data is not None:
        told = list(rows(data, components))
        yield _table("Members of data", told, operation) if told else ""


def _table(caption: str, told: list[Row], operation: Operation) -> str:
    body = "".join(
        f'<tr><th scope="row"><code>{escape(row.name)}</code></th><td>{escape(row.type)}</td>'
        f"<td>{'yes' if row.required else 'no'}</td><td>{escape(row.notes)}</td></tr>"
        for row in told
    )
    # It can be wider than a phone, and then has to be reached with the keyboard to be moved.
    label = escape(f"{caption}: {operation['summary']}")
    return (
        f'<div class="table" role="region" aria-label="{label}" tabindex="0"><table>'
        f"<caption>{caption}</caption><thead><tr>"
        '<th scope="col">Name</th><th scope="col">Type</th><th scope="col">Required</th>'
        f'<th scope="col">Notes</th></tr></thead><tbody>{body}</tbody></table></div>'
    )


def _curl(path: str, method: str, operation: Operation, components: Schema, address: str) -> str:
    words = ["curl"]
    if method != "get":
        words += ["-X", method.upper()]
    words.append(shlex.quote(address + _filled(path, operation)))
    example = _example(operation, components)
    if example is not None:
        told = json.dumps(example, ensure_ascii=False)
        words += ["-H", "'content-type: application/json'", "\\\n  -d", shlex.quote(told)]
    if path == "/api/events":
        words[1:1] = ["-N", "-H", "'accept: text/event-stream'"]
    return " ".join(words)


def _filled(path: str, operation: Operation) -> str:
    for each in operation.get("parameters", ()):
        example = (each["schema"].get("examples") or [each["name"].upper()])[0]
        path = path.replace(f"{{{each['name']}}}", str(example))
    return path


def _example(operation: Operation, components: Schema) -> Any:
    schema = _body_schema(operation)
    if schema is None:
        return None
    found = resolved((schema.get("oneOf") or [schema])[0], components)
    if "examples" in found:
        return found["examples"][0]
    return found["example"] if "example" in found else _made_up(found, components)


def _made_up(schema: Schema, components: Schema) -> Any:
    """An example from those of the members that have to be there."""
    schema = resolved(schema, components)
    if schema.get("type") == "object":
        members = schema.get("properties", {})
        return {name: _made_up(members[name], components) for name in schema.get("required", ())}
    if "const" in schema:
        return schema["const"]
    known = schema.get("examples") or schema.get("enum") or ("…",)
    return known[0]


def _body_schema(operation: Operation) -> Schema | None:
    body = operation.get("requestBody")
    if body is None:
        return None
    schema: Schema = body["content"]["application/json"]["schema"]
    return schema


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        pieces = escape(paragraph).split("`")
        marked = "".join(
            f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces)
        )
        yield f"<p>{marked}</p>"


def _code(text: str, operation: Operation) -> str:
    label = escape(f"Example: {operation['summary']}")
    return f'<pre tabindex="0" aria-label="{label}" role="region"><code>{escape(text)}</code></pre>'

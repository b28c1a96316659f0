"""`/docs`: the OpenAPI document as one plain page, without scripts or anything from elsewhere."""

import json
import re
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse, HTMLResponse

router = APIRouter(include_in_schema=False)
STYLE = Path(__file__).parent / "docs_page.css"
CODE = re.compile(r"`([^`]+)`")
Json = dict[str, Any]


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """The page; it is made once."""
    made = request.app.state
    if not hasattr(made, "docs_page"):
        made.docs_page = page(request.app.openapi()).encode()
    return HTMLResponse(made.docs_page)


@router.get("/docs/style.css")
def style() -> Response:
    """Its style sheet."""
    return FileResponse(STYLE, media_type="text/css")


def page(document: Json) -> str:
    """The whole document as HTML; every text in it is escaped.

    Args:
        document: OpenAPI 3.1.
    """
    tags = [tag for tag in document["tags"] if _of_tag(document, tag["name"])]
    info = document["info"]
    body = [
        _element("header", _element("h1", escape(info["title"])) + _prose(info["description"])),
        _element("nav", "".join(_link(f"#tag-{tag['name']}", tag["name"]) for tag in tags)
                 + _link("#schemas", "schemas") + _link("api/v1/openapi.json", "openapi.json")),
        *(_tag_section(document, tag) for tag in tags),
        _schemas_section(document["components"]["schemas"]),
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}: API</title>"
        '<link rel="stylesheet" href="docs/style.css"></head>'
        f"<body><main>{''.join(body)}</main></body></html>"
    )


def _of_tag(document: Json, tag: str) -> list[tuple[str, str, Json]]:
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["tags"][-1] == tag
    ]


def _tag_section(document: Json, tag: Json) -> str:
    inner = _element("h2", escape(tag["name"])) + _prose(tag["description"])
    inner += "".join(_operation(*found) for found in _of_tag(document, tag["name"]))
    return _element("section", inner, id=f"tag-{tag['name']}")


def _operation(method: str, path: str, operation: Json) -> str:
    title = (
        _element("span", method.upper(), cls=f"method {method}")
        + _element("code", escape(path))
        + _element("span", escape(operation["summary"]), cls="summary")
    )
    inner = _prose(operation.get("description", ""))
    inner += _table(("parameter", "type", ""), map(_parameter, operation.get("parameters", [])))
    if "requestBody" in operation:
        inner += _element("p", f"Body: {_contents(operation['requestBody'])}")
    answers = operation["responses"].items()
    inner += _table(
        ("status", "answer", ""),
        (
            (_element("code", status), _contents(answer), _in_line(answer["description"]))
            for status, answer in sorted(answers)
        ),
    )
    return _fold(title, inner, operation["operationId"])


def _parameter(parameter: Json) -> tuple[str, ...]:
    schema, notes = parameter["schema"], [_in_line(parameter["description"])]
    if parameter.get("required"):
        notes.insert(0, _element("b", "required"))
    notes += _limits(schema)
    where = _element("small", escape(parameter["in"]))
    return f"{_element('code', escape(parameter['name']))} {where}", _type(schema), " ".join(notes)


def _limits(schema: Json) -> list[str]:
    shown = {"minimum": "from", "maximum": "to", "default": "default", "maxLength": "up to length"}
    return [
        _element("small", f"{words} {escape(json.dumps(schema[key], ensure_ascii=False))}")
        for key, words in shown.items()
        if schema.get(key) not in (None, [])
    ]


def _contents(holder: Json) -> str:
    return "<br>".join(
        f"{_type(content.get('schema', {}))} {_element('small', escape(media_type))}"
        for media_type, content in holder.get("content", {}).items()
    )


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _link(f"#schema-{name}", name)
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        words = schema.get("enum") or [schema["const"]]
        return ", ".join(_element("code", escape(str(word))) for word in words)
    return _plain_type(schema)


def _plain_type(schema: Json) -> str:
    kind = escape(str(schema.get("type", "any")))
    if kind == "array":
        return f"list of {_type(schema.get('items') or schema.get('prefixItems', [{}])[0])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return f"{kind} ({escape(schema['format'])})" if "format" in schema else kind


def _schemas_section(schemas: Json) -> str:
    inner = _element("h2", "schemas")
    return _element("section", inner + "".join(map(_schema, schemas.items())), id="schemas")


def _schema(named: tuple[str, Json]) -> str:
    name, schema = named
    inner = _prose(schema.get("description", ""))
    if "properties" not in schema:
        inner += _element("p", _type(schema))
    else:
        required = schema.get("required", [])
        inner += _table(
            ("member", "type", ""),
            (
                (
                    _element("code", escape(member)),
                    _type(kind),
                    " ".join([
                        *([_element("b", "required")] if member in required else []),
                        _in_line(kind.get("description", "")),
                        *_limits(kind),
                    ]),
                )
                for member, kind in schema["properties"].items()
            ),
        )  # fmt: skip
    return _fold(_element("code", escape(name)), inner, f"schema-{name}")


def _fold(title: str, inner: str, name: str) -> str:
    # A link to something inside a closed fold opens it, so the name stands inside.
    return _element("details", _element("summary", title) + _element("div", inner, id=name))


def _table(heads: tuple[str, ...], rows: Any) -> str:
    filled = "".join(_element("tr", "".join(map(partial(_element, "td"), row))) for row in rows)
    if not filled:
        return ""
    head = _element("tr", "".join(_element("th", escape(text)) for text in heads))
    return _element("table", head + filled)


def _prose(text: str) -> str:
    """Paragraphs, lists of `- ` lines and `code`, of which docstrings are made."""
    parts = []
    for paragraph in text.strip().split("\n\n"):
        lines = _in_line(paragraph)
        if lines.startswith("- "):
            points = lines.removeprefix("- ").split("\n- ")
            parts.append(_element("ul", "".join(_element("li", point) for point in points)))
        elif lines:
            parts.append(_element("p", lines))
    return "".join(parts)


def _in_line(text: str) -> str:
    return CODE.sub(r"<code>\1</code>", escape(text))


def _link(target: str, text: str) -> str:
    return f'<a href="{escape(target)}">{escape(text)}</a>'


def _element(name: str, inner: str, *, id: str = "", cls: str = "") -> str:
    """An element; `inner` is HTML already."""
    marks = "".join(
        f' {key}="{escape(value)}"' for key, value in (("id", id), ("class", cls)) if value
    )
    return f"<{name}{marks}>{inner}</{name}>"

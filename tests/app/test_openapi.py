"""The API document: complete, current, and shown without anything from elsewhere."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api_document import operations
from app.cli.openapi import openapi_text
from app.docs_page import page

COMMITTED = Path(__file__).resolve().parents[2] / "app" / "web" / "openapi.json"
Json = dict[str, Any]
# What a quantity's description must say, by a word in its name.
UNITS = {"lon": "degrees", "lat": "degrees", "bbox": "degrees", "_m2": "m²", "_m": "in m"}


@pytest.fixture(scope="module")
def document(client: TestClient) -> Json:
    """The document as the server gives it."""
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: Json = answer.json()
    return found


def undescribed(schema: Json, where: str) -> Iterator[str]:
    """Members without a description, however deep."""
    for name, member in schema.get("properties", {}).items():
        if not member.get("description"):
            yield f"{where}.{name}"
        yield from undescribed(member, f"{where}.{name}")


def described(document: Json) -> Iterator[tuple[str, str]]:
    """(name, description) of every parameter and member."""
    for operation in operations(document):
        for parameter in operation.get("parameters", []):
            yield parameter["name"], parameter["description"]
    for schema in document["components"]["schemas"].values():
        for name, member in schema.get("properties", {}).items():
            yield name, member["description"]


def test_everything_is_described(document: Json) -> None:
    """Every path, parameter, schema and member."""
    missing = [
        f"{operation['operationId']}({parameter['name']})"
        for operation in operations(document)
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    missing += [
        operation["operationId"]
        for operation in operations(document)
        if not (operation.get("summary") and operation.get("description"))
    ]
    for name, schema in document["components"]["schemas"].items():
        missing += [] if schema.get("description") else [name]
        missing += undescribed(schema, name)
    assert not missing


def test_quantities_say_their_unit(document: Json) -> None:
    """Coordinates their CRS or degrees, metres that they are metres, instants their zone."""
    for name, description in described(document):
        if name == "at" or name.endswith("_at"):
            assert "UTC" in description, (name, description)
        for part, unit in UNITS.items():
            if name == part or (part[0] == "_" and name.endswith(part)):
                assert unit in description or "WGS84" in description, (name, description)


def test_every_path_lists_its_refusals(document: Json) -> None:
    """As problems and nothing else; a path that names one thing can also not find it."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            refusals = {s: r for s, r in operation["responses"].items() if s >= "400"}
            assert {"400", "422", "500", "503"} <= set(refusals), path
            if re.search(r"\{(code|id|no|layer)\}", path):
                assert "404" in refusals, path
            if method == "post":
                assert {"403", "413", "415"} <= set(refusals)
                # A batch says of each of its reports whether its id was taken; what is sent again
                # conflicts with nothing.
                assert "409" in refusals or path.endswith(("/batch", "/resend"))
            for refusal in refusals.values():
                assert list(refusal["content"]) == ["application/problem+json"], path


def test_names_are_stable(document: Json) -> None:
    """Operation ids are the public names of the functions: one each, one tag each."""
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z_]*", name) for name in ids)
    tags = {tag["name"] for tag in document["tags"]}
    assert all(set(operation["tags"]) <= tags for operation in operations(document))


def test_lists_are_lists(document: Json) -> None:
    """`total`, `items` and `next`, wherever there are pages."""
    pages = {n: s for n, s in document["components"]["schemas"].items() if n.endswith("Page")}
    assert len(pages) >= 7
    for schema in pages.values():
        assert set(schema["required"]) == {"total", "items", "next"}


def test_unknown_words_are_refused_everywhere(client: TestClient, document: Json) -> None:
    """A misspelt filter must not answer with everything."""
    for path, methods in document["paths"].items():
        if not path.startswith("/api/v1") or "get" not in methods or path.endswith("/stream"):
            continue
        if path.endswith("/oidc/callback"):  # a provider may add words of its own
            continue
        if path.endswith("/incidents/states"):  # by key alone: tests/app/programs/test_states.py
            continue
        fills = {"{code}": "620111000000000", "{no}": "1", "{layer}": "areas",
                 "{id}": "00000000-0000-4000-8000-000000000000"}  # fmt: skip
        url = path
        for name, value in fills.items():
            url = url.replace(name, value)
        answer = client.get(url, params={"arae": "620111000000000"})
        assert answer.status_code == 422, url
        assert "arae" in [error["field"] for error in answer.json()["errors"]], url


def test_the_committed_document_is_current() -> None:
    """The web page's types are made from it: `minqing openapi > app/web/openapi.json`."""
    assert COMMITTED.read_text(encoding="utf-8") == openapi_text()


class Links(HTMLParser):
    """What a page loads, and where its links inside itself lead."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.targets: set[str] = set()
        self.ids: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the element refers to."""
        found = {key: value or "" for key, value in attrs}
        self.tags.add(tag)
        self.ids += [found["id"]] if "id" in found else []
        assert not any(key.startswith("on") or key == "style" for key in found)
        if tag == "a" and found["href"].startswith("#"):
            self.targets.add(found["href"][1:])
        elif tag == "link" or "src" in found:
            self.loaded.append(found.get("src") or found["href"])


def test_the_page_stands_alone(client: TestClient, document: Json) -> None:
    """No script, no inline style, nothing from elsewhere; every link inside it leads somewhere."""
    answer = client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    links = Links()
    links.feed(answer.text)
    assert links.loaded == ["docs/style.css"]
    assert client.get("/docs/style.css").headers["content-type"].startswith("text/css")
    assert not {"script", "style", "iframe"} & links.tags
    assert links.targets <= set(links.ids) and len(links.ids) == len(set(links.ids))
    for operation in operations(document):
        assert operation["operationId"] in links.ids


def test_text_of_the_document_is_escaped() -> None:
    """A description is data."""
    tag = {"name": "x", "description": "<b>&</b>"}
    made = page(
        {"info": {"title": "<i>", "description": "`<u>`"}, "tags": [tag], "paths": {},
         "components": {"schemas": {"S": {"type": "string", "description": "<script>"}}}}
    )  # fmt: skip
    assert "<script>" not in made and "&lt;script&gt;" in made
    assert "<code>&lt;u&gt;</code>" in made and "<i>" not in made

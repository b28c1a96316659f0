"""Our OpenAPI document: FastAPI's, corrected where it says what we do not do."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.core.answers import JSON
from app.core.errors import MEDIA_TYPE
from app.core.problem_docs import ProblemBody
from app.guards import PUBLIC_DOCUMENT

SCHEMA = "#/components/schemas/{model}"
TAGS = [
    {"name": "identity", "description": "Signing in, and in which capacity one acts."},
    {"name": "places", "description": "The city, its areas of every level, its addresses."},
    {"name": "incidents", "description": "What is reported, where, and how it stands."},
    {"name": "dispatch", "description": "Who answers for which area, by call sign and role."},
    {"name": "warnings", "description": "Warnings of fraud, their visits and timers."},
    {"name": "mediation", "description": "Joint mediation of disputes."},
    {"name": "planning", "description": "Plans: other cells for the base units, and their life."},
    {"name": "live", "description": "What happens, as it happens."},
    {"name": "programs", "description": "What programs outside are told, by a key or by webhook."},
    {"name": "maps", "description": "Layers, tiles, heat and figures by area."},
    {"name": "operations", "description": "Whether the server is well."},
]


def operation_id(route: APIRoute) -> str:
    """A route's operation id: the name of its function, which is public and does not change."""
    return route.name


def install(app: FastAPI) -> None:
    """Let the app give out the corrected document; it is made once, and written once."""
    written: list[bytes] = []

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = make(app)
        return app.openapi_schema

    def write() -> None:
        written.append(bytes(JSONResponse(document()).body))

    async def give(_: Request) -> Response:
        if not written:
            await run_in_threadpool(write)
        return Response(written[0], media_type=JSON)

    app.openapi = document  # type: ignore[method-assign]
    app.add_route(PUBLIC_DOCUMENT, give, include_in_schema=False)


def make(app: FastAPI) -> dict[str, Any]:
    """The document of all routes that the app has."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=TAGS,
        servers=app.servers,
    )
    problem = ProblemBody.model_json_schema(ref_template=SCHEMA, mode="serialization")
    schemas = made["components"]["schemas"] | problem.pop("$defs", {}) | {"ProblemBody": problem}
    made["components"]["schemas"] = dict(sorted(schemas.items()))
    for name, schema in schemas.items():
        if name.startswith("Body_"):
            schema.setdefault("description", "A form (multipart/form-data).")
    for operation in operations(made):
        for parameter in operation.get("parameters", []):
            _correct_parameter(parameter)
        for status, response in operation["responses"].items():
            if status >= "400":
                # Refusals are problems, never plain JSON.
                response["content"] = {MEDIA_TYPE: response["content"][MEDIA_TYPE]}
    return made


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation of an OpenAPI document."""
    for path in document["paths"].values():
        yield from path.values()


def _correct_parameter(parameter: dict[str, Any]) -> None:
    """A word of a URL is there or is not: it cannot be null."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema |= {key: value for key, value in kinds[0].items() if key not in schema}
    if "description" in schema:
        parameter.setdefault("description", schema["description"])
        del schema["description"]

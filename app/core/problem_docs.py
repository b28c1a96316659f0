"""The refusals as OpenAPI documents them."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

from app.core.errors import MEDIA_TYPE


class FieldErrorBody(BaseModel):
    """One offending input."""

    field: str = Field(description="The input's name as its sender wrote it.")
    message: str = Field(description="What is wrong with it.")


class ProblemBody(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="Stable kind of problem, `/problems/<slug>`.")
    title: str = Field(description="The kind in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time.")
    errors: list[FieldErrorBody] = Field(description="The offending inputs, by name.")
    instance: str = Field(description="The path that was asked for.")


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI `responses` of these refusals."""
    return {
        int(status): {
            "model": ProblemBody,
            "description": status.phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in statuses
    }


DOCUMENTED = documented(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)

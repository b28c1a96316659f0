"""The refusals as OpenAPI documents them."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

from app.core.errors import MEDIA_TYPE

SLUGS = (
    "already-granted", "already-open", "already-proposed", "bad-host", "bad-key", "bad-request",
    "base-units", "boundaries-busy", "busy",
    "case-not-open", "change-cancelled", "change-ended", "code-needed", "content-too-large",
    "cross-site", "factor-not-begun", "first-sign-in", "header-token",
    "id-conflict",
    "illegal-step", "internal", "invalid-input", "last-admin", "limit-reached",
    "method-not-allowed", "name-taken", "no-dispute", "no-mail", "no-password",
    "not-allowed", "not-found", "not-handling", "not-second-person", "not-signed-in",
    "nothing-to-redo", "nothing-to-undo", "outside-city", "outside-scope", "password-again",
    "plan-behind",
    "plan-busy", "plan-closed", "plan-empty", "plan-invalid", "plan-not-draft", "plan-own-approval",
    "precondition-failed", "proposal-ended", "stale-version", "step-not-yours", "step-up", "taken",
    "too-many-photos",
    "too-many-streams", "too-slow", "unavailable", "unsupported-media-type", "wait", "working-days",
    "wrong-code", "wrong-credentials",
)  # fmt: skip
"""Every kind of refusal. A new one is added here, and gets its texts on the page (`problems.*`)."""


class FieldErrorBody(BaseModel):
    """One offending input."""

    field: str = Field(description="The input's name as its sender wrote it.")
    message: str = Field(description="What is wrong with it.")


class ProblemBody(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(
        description="Stable kind of problem, `/problems/<slug>`.",
        examples=["/problems/invalid-input"],
        json_schema_extra={"enum": [f"/problems/{slug}" for slug in SLUGS]},
    )
    title: str = Field(description="The kind in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time.")
    errors: list[FieldErrorBody] = Field(description="The offending inputs, by name.")
    instance: str = Field(description="The path that was asked for.")
    allowed: list[str] = Field(
        default=[], description="What is possible instead; of an illegal step only."
    )
    revision: int = Field(default=0, description="Where it stands now; of 412 about a plan only.")
    job_id: int = Field(default=0, description="The job to wait for; of `plan-busy` only.")
    faults: list[dict[str, Any]] = Field(
        default=[], description="`rule`, `detail`, `cells`, `units`; of `plan-invalid` only."
    )
    difference: list[dict[str, Any]] = Field(
        default=[],
        description="`unit_id`, `base_cell`, `current_cell`, `plan_cell`; of `plan-behind` only.",
    )


MEANINGS = {
    HTTPStatus.BAD_REQUEST: "Not understood: a broken body, or a host name that is not ours.",
    HTTPStatus.UNAUTHORIZED: "Nobody is signed in, or the session has ended.",
    HTTPStatus.FORBIDDEN: "Not for the role under which one acts, outside its area, or a write"
    " without its header token or from a page of another site.",
    HTTPStatus.NOT_FOUND: "Nothing is known under that name at that minute.",
    HTTPStatus.CONFLICT: "The id was used before for something else, the step may not follow, or"
    " the case has moved on.",
    HTTPStatus.PRECONDITION_FAILED: "`If-Match` names another version: it has moved on.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is longer than this path takes.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not declared as what this path takes.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "An input cannot be used; `errors` names each.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many failures, or a key's limit is reached;"
    " `Retry-After` says how long to wait.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A fault of ours; its number is in the log.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The store cannot answer now, or too many ask for the same dear"
    " work; nothing was changed, try again.",
}


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI `responses` of these refusals.

    By reference: a `model` would be prepared anew for each route, for nothing but the document, and
    that was more than half of what a server does before its first answer.
    """
    return {
        int(status): {
            "description": MEANINGS.get(status, status.phrase),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in statuses
    }


DOCUMENTED = documented(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
# Of what changes something as it was seen (`If-Match`), by a JSON body.
CHANGED = documented(
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.PRECONDITION_FAILED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)

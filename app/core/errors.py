"""What can be refused, and how it is said: RFC 9457 problem details with a stable `type`.

`type` is a relative reference, `/problems/<slug>`; the slugs are public and do not change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class FieldError:
    """One offending input, by the name its sender used (`bbox`, `lon`, `category`)."""

    field: str
    message: str


class FieldValueError(ValueError):
    """A refusal by a check over several fields at once, naming the one to mend."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field_name = field_name


@dataclass(eq=False)
class Problem(Exception):
    """A refusal that the sender can act on."""

    status: HTTPStatus
    slug: str
    title: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    # Further members of the body, such as the steps that are possible instead.
    extra: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}"

    def body(self, instance: str) -> dict[str, object]:
        """The JSON members, `instance` being the path that was asked for."""
        return {
            "type": f"/problems/{self.slug}",
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
            "errors": [{"field": e.field, "message": e.message} for e in self.errors],
            "instance": instance,
            **self.extra,
        }


MOST_ERRORS = 50


def from_errors(
    found: Sequence[Mapping[str, Any]], status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY
) -> Problem:
    """What pydantic found wrong with an input, in our words.

    Args:
        found: `errors()` of its exception.
    """
    errors = tuple(
        FieldError(_field_name(e), _printable(e["msg"].removeprefix("Value error, ")))
        for e in found[:MOST_ERRORS]
    )
    detail = "; ".join(f"{e.field}: {e.message}" for e in errors[:5])
    return Problem(status, "invalid-input", "Invalid input", detail, errors)


def _field_name(error: Mapping[str, Any]) -> str:
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, FieldValueError):
        return cause.field_name
    location: tuple[int | str, ...] = error["loc"]
    if error["type"] == "json_invalid":
        return "body"
    inner = [str(part) for part in location if part not in ("query", "path", "body", "header")]
    return _printable(".".join(inner) or str(location[0] if location else "body"))


def _printable(text: str) -> str:
    # A lone surrogate in an input must not break the answer that refuses it.
    return text.encode("utf-8", "replace").decode()[:300]


def of_field(status: HTTPStatus, slug: str, title: str, field_name: str, message: str) -> Problem:
    """A refusal for one input alone, which it names."""
    errors = (FieldError(field_name, message),)
    return Problem(status, slug, title, f"{field_name}: {message}", errors)


def invalid(field_name: str, message: str) -> Problem:
    """A value that cannot be used: 422, naming the field."""
    return of_field(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-input", "Invalid input", field_name, message
    )


def too_large(field_name: str, most_bytes: int) -> Problem:
    """More bytes than are taken: 413."""
    message = f"is longer than {size_text(most_bytes)}"
    return of_field(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "content-too-large", "Too large", field_name, message
    )


def size_text(count: int) -> str:
    """A number of bytes as people write it: `64 KiB`, `12 MiB`."""
    return f"{count // 2**20} MiB" if count >= 2**20 else f"{count // 2**10} KiB"


def name_taken(name: str, message: str) -> Problem:
    """A name that stands for something else already: 409."""
    return Problem(
        HTTPStatus.CONFLICT,
        "name-taken",
        "Name already taken",
        f"name: {name} {message}",
        (FieldError("name", message),),
    )


def not_found(what: str, key: object) -> Problem:
    """Nothing is known under that key: 404."""
    return Problem(HTTPStatus.NOT_FOUND, "not-found", "Not found", f"No {what} {key}.")


def outside_city(*field_names: str) -> Problem:
    """A place that no cell of the city contains: 422, naming the fields that told it."""
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "outside-city",
        "Outside the city",
        "No grid cell of this city contains that place.",
        tuple(FieldError(name, "lies in no grid cell of this city") for name in field_names),
    )


def id_conflict(key: object) -> Problem:
    """The id was used before with another body: 409."""
    return Problem(
        HTTPStatus.CONFLICT,
        "id-conflict",
        "Id already used",
        f"Another report was already acknowledged under id {key}.",
        (FieldError("id", "already used for a different report"),),
    )


def unavailable(detail: str, *errors: FieldError) -> Problem:
    """The store cannot answer now: 503, worth trying again."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        "Temporarily unavailable",
        detail,
        errors,
        headers={"Retry-After": "2"},
    )


def not_ready(setting: str, message: str) -> Problem:
    """The server cannot serve as it is set up: 503, naming the setting to look at."""
    return unavailable(f"{setting}: {message}", FieldError(setting, message))


def busy(what: str) -> Problem:
    """As many as may wait for their turn already: 503, worth trying again a little later.

    Args:
        what: of which there are too many at once ("sign-ins").
    """
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "busy",
        "Busy",
        f"Too many {what} at once. Nothing was changed; try again.",
        headers={"Retry-After": "5"},
    )

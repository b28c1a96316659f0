"""Keyset paging: an opaque cursor over the sort key of the last row that was sent."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field

from app.core.errors import invalid

MAX_CURSOR_CHARS = 400
Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A part of a list, and the way to the next part."""

    total: int = Field(
        ge=0,
        description="How many items the whole list has: exactly, unless `total_is_exact` is false.",
    )
    items: list[Item] = Field(description="This part of the list, in its order.")
    total_is_exact: bool = Field(
        default=True,
        description="False: there are more than `total`, which is where counting stopped.",
    )
    next: str | None = Field(
        description="Opaque cursor: repeat the same request with `cursor` set to it to get the"
        " next part; null at the end."
    )


Cursor = Annotated[
    str | None,
    Field(description="`next` of the part before; the other words must stay the same."),
]


def encode_cursor(key: list[Any]) -> str:
    """An opaque text for a sort key of strings, numbers and None."""
    raw = json.dumps(key, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def cut(
    rows: Sequence[Item], limit: int, key: Callable[[Item], list[Any]]
) -> tuple[Sequence[Item], str | None]:
    """The rows to send, `limit` at most, and the cursor of what follows: None where nothing does.

    Args:
        rows: in order; more than `limit` of them where something follows.
        key: the sort key of a row.
    """
    sent = rows[:limit]
    return sent, encode_cursor(key(sent[-1])) if len(rows) > limit else None


def decode_cursor(cursor: str | None, types: tuple[type, ...]) -> list[Any] | None:
    """The sort key in `cursor`, or None where there is none.

    Raises:
        Problem: 422 on `cursor`, when it is not one of ours for this list.
    """
    if cursor is None:
        return None
    try:
        if len(cursor) > MAX_CURSOR_CHARS:
            raise ValueError
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, binascii.Error, UnicodeError, RecursionError):
        raise invalid("cursor", "is not a cursor of this list") from None
    fits = (
        isinstance(key, list)
        and len(key) == len(types)
        and all(type(part) is kind for part, kind in zip(key, types, strict=True))
    )
    if not fits or not all(map(_can_be_asked_for, key)):
        raise invalid("cursor", "is not a cursor of this list")
    return list(key)


def _can_be_asked_for(part: object) -> bool:
    """Whether the database takes a part of a key: a bigint, a text without NUL and surrogates."""
    if isinstance(part, str):
        return "\0" not in part and not any("\ud800" <= sign <= "\udfff" for sign in part)
    return not isinstance(part, int) or abs(part) < 2**63

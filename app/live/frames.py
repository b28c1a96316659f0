"""Server-sent events as bytes, each encoded once and shared by all who receive it."""

import json
from collections.abc import Mapping
from datetime import datetime

from app.live.rules import RETRY_MS, ResetReason


def event(at: str, topic: str, data: str) -> bytes:
    """One event.

    Args:
        at: its id: its own place in the stream (`ids.Ids`).
        topic: the event's name.
        data: JSON on one line.
    """
    return f"id: {at}\nevent: {topic}\ndata: {data}\n\n".encode()


def hello(start: str, epoch: str, now: datetime, *, watching: bool = False) -> bytes:
    """The first event of every stream: where it starts, and whether its session only watches."""
    data = {"epoch": epoch, "server_time": _instant(now), "watching": watching}
    return f"retry: {RETRY_MS}\n".encode() + event(start, "hello", _json(data))


def reset(at: str, reason: ResetReason) -> bytes:
    """What tells a viewer that events are missing: fetch the state, then go on from `at`."""
    return event(at, "reset", _json({"reason": reason.value}))


def session(*, watching: bool) -> bytes:
    """What tells a viewer that its session only watches from now on, or acts again. It has no place
    in the stream, and no id."""
    return f"event: session\ndata: {_json({'watching': watching})}\n\n".encode()


def heartbeat(at: str, now: datetime) -> bytes:
    """A comment that shows the line is alive.

    The id without data is no event; it moves the browser's cursor on, so that a viewer of a quiet
    area does not come back with a cursor of yesterday.
    """
    return f": hb {_instant(now)}\nid: {at}\n\n".encode()


def _json(data: Mapping[str, object]) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

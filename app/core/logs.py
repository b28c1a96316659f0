"""Logs: one JSON object a line on standard error, and never anything that was sent to us.

An error is told by its type and by where it was raised; its text may quote a body, and is left out.
So are the values of local variables, which structlog's own console would print.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

_FRAMES = 12


def configure() -> None:
    """Set up the logs of this process, ours and those of the libraries."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_text,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Where nobody has set up a handler, Python's last resort prints.
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler is not None:
            handler.addFilter(_textless)
    logging.getLogger("uvicorn.error").addFilter(_textless)


def without_text(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception as the names of its types, and the places through which it came."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = " from ".join(_types(error))
        event["where"] = places(error.__traceback__)
    return event


def _types(error: BaseException) -> list[str]:
    found, seen = [], set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        found.append(type(following).__name__)
        following = following.__cause__ or following.__context__
    return found


def places(trace: TracebackType | None) -> list[str]:
    """`file:line function`, the last ones; no line of code and no value."""
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


class TextlessErrors(logging.Filter):
    """Takes the text out of errors that a library logs with their traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, without the text of its exception."""
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            told = " from ".join(_types(error))
            where = "; ".join(places(error.__traceback__)[-3:])
            record.msg, record.args = f"{str(record.msg).splitlines()[0]} ({told}; {where})", ()
            record.exc_info = record.exc_text = None
        return True


_textless = TextlessErrors()

"""Computing for a job in a process of its own.

Search and studies hold the arrays of a whole city and a compiler, and compute for half a minute:
in the server all of that would stay, and requests would wait for the interpreter. The child reads
what it needs from the database by itself, and writes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core import apart
from app.core.apart import Emit
from app.core.context import Context
from app.core.settings import Settings
from app.planning.jobs.work import Watch

Computing = Callable[[Context, int, Mapping[str, Any], Watch], Any]
"""Computes something about a plan, by its number and a job's `params`: a function at the top of a
module. May raise a `Problem`, `OperationalError` and whatever `watch` raises."""


@dataclass(frozen=True)
class _Step:
    name: str
    done: int
    total: int


@dataclass(frozen=True)
class _Better:
    objective: float


def compute(
    function: Computing, context: Context, plan_id: int, params: Mapping[str, Any], watch: Watch
) -> Any:
    """Have `function` called in a child, `watch` hearing how far it is there.

    Returns:
        What it returned.

    Raises:
        Problem: that it raised.
        DatabaseAway: its connection was lost.
        ChildFault: it failed otherwise.
        BaseException: what `watch` raised; the child has ended then.
    """
    latest = _Step("", 0, 1)

    def on_message(message: _Step | _Better | None) -> None:
        nonlocal latest
        match message:
            case _Better(objective):
                watch.better(objective)
                return
            case _Step():
                latest = message
        watch.step(latest.name, latest.done, latest.total)

    database_url = context.engine.url.render_as_string(hide_password=False)
    job = (function, context.settings, database_url, plan_id, params)
    return apart.call(_compute, *job, on_message=on_message)


class _Emitting:
    """The child's `Watch`."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def step(self, name: str, done: int, total: int) -> None:
        """Send it to the server."""
        self._emit(_Step(name, done, total))

    def better(self, objective: float) -> None:
        """Send it to the server."""
        self._emit(_Better(objective))


def _compute(  # noqa: PLR0917 what, where, of which plan
    function: Computing,
    settings: Settings,
    database_url: str,
    plan_id: int,
    params: Mapping[str, Any],
    emit: Emit,
) -> Any:
    """In the child."""
    return function(Context.open(settings, database_url), plan_id, params, _Emitting(emit))

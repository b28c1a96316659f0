"""The running clocks of the open cases as columns in memory, and how they stand at a moment.

Sixty thousand of them are compared in less time than it takes to ask a database. They are kept by
whoever follows the stream (`follow.Follower`); minutes of the past are asked of the reading model.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from app.core.binary_copy import read_rows
from app.core.scope import Scope, narrowed
from app.incidents.clocks.schemas import ClockSummary
from geodata.codes import code_range
from geodata.instants import to_us

Clocks = NDArray[np.void]
"""(n,) Rows of `_COLUMNS`: each running clock once; instants in us since 2000-01-01 UTC, with
`infinity` where there is none, and `-infinity` for a clock that is not paused."""

_COLUMNS = (
    ("no", "i8"),
    ("cell_code", "i8"),
    ("due_us", "i8"),
    ("raw_due_us", "i8"),
    ("soon_us", "i8"),
    ("paused_us", "i8"),
    ("limited", "i2"),
    ("provisional", "i2"),
)
_NO_DEADLINE = np.iinfo(np.int64).max
_SELECT = sql.SQL("""
SELECT no, cell_code, coalesce(due_at, 'infinity'), coalesce(raw_due_at, due_at, 'infinity'),
       coalesce(soon_at, 'infinity'), coalesce(paused_until, '-infinity'),
       (limit_unit IS NOT NULL)::int::int2, provisional::int::int2
FROM case_now WHERE started_at IS NOT NULL AND ended_at IS NULL
""")


def read_clocks(connection: psycopg.Connection[Any], only: Sequence[int] | None = None) -> Clocks:
    """The clocks that run.

    Args:
        connection: that row security lets see all cases.
        only: short numbers of the cases wanted; None for all.
    """
    query: sql.Composable = _SELECT
    if only is not None:
        query += sql.SQL(" AND no = ANY ({}::bigint[])").format(sql.Literal(list(only)))
    return read_rows(connection, query, _COLUMNS)


@dataclass(frozen=True, eq=False)
class _Change:
    """What is known newly of some cases.

    Attributes:
        no: their numbers.
        clocks: those of them that run now.
    """

    no: NDArray[np.int64]
    clocks: Clocks


class RunningClocks:
    """One writer, any number of readers. Changes are worked in when somebody asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: Clocks = np.empty(0, dtype=list(_COLUMNS))
        self._pending: list[_Change] = []

    def replace(self, clocks: Clocks) -> None:
        """Start anew with these."""
        with self._lock:
            self._known = clocks
            self._pending.clear()

    def amend(self, nos: Sequence[int], clocks: Clocks) -> None:
        """Put what is known of some cases in the place of what was known.

        Args:
            nos: their numbers.
            clocks: those of them that run now; the others have none any more.
        """
        with self._lock:
            self._pending.append(_Change(np.array(nos, dtype=np.int64), clocks))

    def summary(self, area: int | None, scope: Scope, at: datetime) -> ClockSummary:
        """How the clocks stand at a moment that is not before the last change of any.

        Args:
            area: code of the area whose cells count; None for all.
            scope: of whoever asks; no other cells count.
        """
        known, now = self._now(), to_us(at)
        lo, hi = narrowed(code_range(area) if area is not None else None, scope)
        clocks = known[(known["cell_code"] >= lo) & (known["cell_code"] <= hi)]
        due, limited = clocks["due_us"], clocks["limited"] == 1
        is_overdue = due < now
        is_soon = clocks["soon_us"] <= now
        has_deadline = due < _NO_DEADLINE
        return ClockSummary(
            area=area,
            as_of=at,
            running=len(clocks),
            overdue=_count(is_overdue),
            raw_overdue=_count(clocks["raw_due_us"] < now),
            due_soon=_count(~is_overdue & is_soon & has_deadline),
            ok=_count(~is_overdue & ~is_soon & has_deadline),
            no_limit=_count(~limited),
            unknown=_count(limited & ~has_deadline),
            paused=_count(clocks["paused_us"] > now),
            provisional=_count(clocks["provisional"] == 1),
        )

    def _now(self) -> Clocks:
        with self._lock:
            if self._pending:
                parts, newer = [], np.empty(0, dtype=np.int64)
                # The newest word on a case counts: from the last change to the first.
                for change in [*reversed(self._pending), _Change(newer, self._known)]:
                    parts.append(change.clocks[~np.isin(change.clocks["no"], newer)])
                    newer = np.union1d(newer, change.no)
                self._known = np.concatenate(parts)
                self._pending.clear()
            return self._known


def _count(mask: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(mask))

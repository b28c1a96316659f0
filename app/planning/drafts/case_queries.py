"""SQL of studies: the cases of a period with their places.

In which unit a case happened is looked up beside the units that are in memory (`cases`): the
same join in SQL takes a city of 60,000 cases ten times as long. The cell under which a case was
reported stays what it is. Reports that were refused, and duplicates of others, made no work of
their own and do not count.
"""

from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.core.db import driver_of
from app.core.query_words import BBox
from app.core.scope import clipped
from geodata.rebalance.units import BoolArray, FloatArray

EVERYWHERE = (0, 10**15 - 1)
_OF_PERIOD = """
    i.reported_at >= %(since)s AND i.reported_at < %(until)s
    AND i.cell_code BETWEEN %(lo)s AND %(hi)s AND i.status NOT IN ('not_accepted', 'duplicate')
"""
_IN_BOX = " AND i.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"
# A case that did not pass its check comes back as well; that is no quarrel about whose it is.
_BACK = """(
    SELECT DISTINCT e.no FROM incident_event e
    WHERE e.step = 'return' AND e.at >= %(since)s AND e.at < %(until)s
      AND e.cell_code BETWEEN %(lo)s AND %(hi)s
      AND NOT EXISTS (
        SELECT FROM incident_event before
        WHERE before.no = e.no AND before.ordinal = e.ordinal - 1 AND before.step = 'check'
          AND before.at <= e.at)
) back"""
_COLUMNS = """
SELECT i.category::text, i.tier, extract(epoch FROM i.reported_at - %(since)s)::float8,
       ST_X(i.geom), ST_Y(i.geom), """
_ORDER = " ORDER BY i.reported_at, i.no"
CASES = f"{_COLUMNS} false FROM incident i WHERE {_OF_PERIOD}{_IN_BOX}{_ORDER}"
RETURNS = (
    f"{_COLUMNS} back.no IS NOT NULL FROM incident i LEFT JOIN {_BACK} USING (no)"
    f" WHERE {_OF_PERIOD}{_IN_BOX}{_ORDER}"
)
EVERY_RETURN = (
    f"SELECT count(*), count(back.no) FROM incident i LEFT JOIN {_BACK} USING (no)"  # noqa: S608
    f" WHERE {_OF_PERIOD}"
)


class Period(NamedTuple):
    """From `since` until `until` (exclusive, UTC)."""

    since: datetime
    until: datetime


class CaseRows(NamedTuple):
    """Single cases in the order of their reports: columns of the same length.

    Attributes:
        category: four digits.
        tier: who carries the case, or did at the end.
        at_s: seconds since the period began.
        lon, lat: degrees.
        returned: whether it was sent back before anybody had handled it; False if not asked for.
    """

    category: NDArray[np.str_]
    tier: NDArray[np.str_]
    at_s: FloatArray
    lon: FloatArray
    lat: FloatArray
    returned: BoolArray

    def only(self, chosen: BoolArray) -> "CaseRows":
        """Some of them."""
        return CaseRows(
            self.category[chosen], self.tier[chosen], self.at_s[chosen], self.lon[chosen],
            self.lat[chosen], self.returned[chosen],
        )  # fmt: skip


def cases(session: Session, box: BBox, period: Period, *, returns: bool = False) -> CaseRows:
    """The cases of a period with places in a window, as far as this session looks.

    Args:
        returns: whether to look up which were returned.
    """
    words = _words(session, period) | box._asdict()
    # Binary, past the ORM: a city has two million a year.
    with driver_of(session).cursor(binary=True) as cursor:
        cursor.execute((RETURNS if returns else CASES).encode(), words)
        columns = list(zip(*cursor.fetchall(), strict=True)) or [()] * 6
    category, tier, at_s, lon, lat, returned = columns
    return CaseRows(
        np.array(category, dtype=np.str_), np.array(tier, dtype=np.str_),
        np.array(at_s, dtype=np.float64), np.array(lon, dtype=np.float64),
        np.array(lat, dtype=np.float64), np.array(returned, dtype=np.bool_),
    )  # fmt: skip


def every_return(session: Session, period: Period) -> tuple[int, int]:
    """All cases of a period, and those that were returned, as far as this session looks."""
    with driver_of(session).cursor(binary=True) as cursor:
        cursor.execute(EVERY_RETURN.encode(), _words(session, period))
        row = cursor.fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _words(session: Session, period: Period) -> dict[str, object]:
    lo, hi = clipped(session, EVERYWHERE)
    return {"lo": lo, "hi": hi, "since": period.since, "until": period.until}

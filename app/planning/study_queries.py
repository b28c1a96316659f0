"""SQL of studies: the cases of a period by the base unit in which they happened.

The unit is found by the place of the case; the cell under which it was reported stays what it is.
Reports that were refused, and duplicates of others, made no work of their own and do not count.
"""

from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.scope import NOTHING, clipped
from geodata.rebalance.units import BoolArray, FloatArray, IntArray

EVERYWHERE = (0, 10**15 - 1)
# A place on the border of two units belongs to the one with the smaller number. The frame keeps a
# study of one community from looking at every case of the city.
_CASES = """
WITH unit AS MATERIALIZED (
    SELECT unit_id, geom FROM base_unit
    WHERE valid @> CAST(:at AS timestamptz) AND community_code BETWEEN :first AND :last
), frame AS MATERIALIZED (
    SELECT ST_SetSRID(ST_Extent(geom), 4326)::geometry AS box FROM unit
), placed AS (
    SELECT DISTINCT ON (i.reported_at, i.no) i.no, i.reported_at, i.category, i.tier, i.geom,
           unit.unit_id
    FROM incident i JOIN unit ON ST_Covers(unit.geom, i.geom)
    WHERE i.reported_at >= :since AND i.reported_at < :until
      AND i.cell_code BETWEEN :lo AND :hi
      AND i.status NOT IN ('not_accepted', 'duplicate')
      AND i.geom && (SELECT box FROM frame)
    ORDER BY i.reported_at, i.no, unit.unit_id
)
"""
COUNTS = text(
    _CASES
    + """
SELECT unit_id, left(category, 2)::int AS category_group,
       floor(extract(epoch FROM reported_at - :since) / 604800)::int AS week, count(*) AS n
FROM placed GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
)
CASES = text(
    _CASES
    + """
SELECT unit_id, category, tier, extract(epoch FROM reported_at - :since)::float8 AS at_s,
       ST_X(geom) AS lon, ST_Y(geom) AS lat
FROM placed ORDER BY reported_at, no
"""
)
# A case that did not pass its check comes back as well; that is no quarrel about whose it is.
_BACK = """
SELECT DISTINCT e.no FROM incident_event e
WHERE e.step = 'return' AND e.at >= :since AND e.at < :until AND e.cell_code BETWEEN :lo AND :hi
  AND NOT EXISTS (
    SELECT FROM incident_event before
    WHERE before.no = e.no AND before.ordinal = e.ordinal - 1 AND before.step = 'check'
      AND before.at <= e.at)
"""
RETURNS = text(
    _CASES  # noqa: S608 (words of our own)
    + "SELECT unit_id, count(*) AS cases, count(back.no) AS returned FROM placed LEFT JOIN ("
    + _BACK
    + ") back USING (no) GROUP BY unit_id ORDER BY unit_id"
)
EVERY_RETURN = text(
    "SELECT count(*) AS cases, count(back.no) AS returned FROM incident i LEFT JOIN ("  # noqa: S608
    + _BACK
    + """) back USING (no)
WHERE i.reported_at >= :since AND i.reported_at < :until AND i.cell_code BETWEEN :lo AND :hi
  AND i.status NOT IN ('not_accepted', 'duplicate')
"""
)


class Period(NamedTuple):
    """From `since` until `until` (exclusive, UTC)."""

    since: datetime
    until: datetime


class Counts(NamedTuple):
    """Cases by unit, group and week: columns of the same length, no row without a case.

    Attributes:
        unit_id: of the unit in which they happened.
        group: the first two digits of their category, as a number.
        week: 0.. since the period began; the last may be a part of one.
        number: of cases.
    """

    unit_id: IntArray
    group: IntArray
    week: IntArray
    number: IntArray


class CaseRows(NamedTuple):
    """Single cases in the order of their reports: columns of the same length.

    Attributes:
        unit_id: of the unit in which they happened.
        category: four digits.
        tier: who carries the case, or did at the end.
        at_s: seconds since the period began.
        lon, lat: degrees.
    """

    unit_id: IntArray
    category: NDArray[np.str_]
    tier: NDArray[np.str_]
    at_s: FloatArray
    lon: FloatArray
    lat: FloatArray

    def only(self, chosen: BoolArray) -> "CaseRows":
        """Some of them."""
        return CaseRows(
            self.unit_id[chosen], self.category[chosen], self.tier[chosen], self.at_s[chosen],
            self.lon[chosen], self.lat[chosen],
        )  # fmt: skip


class ReturnRows(NamedTuple):
    """Cases by unit, and how many of them were returned: columns of the same length."""

    unit_id: IntArray
    cases: IntArray
    returned: IntArray


def case_counts(
    session: Session, communities: tuple[int, int], at: datetime, period: Period
) -> Counts:
    """The cases of a period in the units that were in force at an instant.

    Args:
        communities: first and last code of the communities whose units are looked at.
    """
    found = session.execute(COUNTS, _words(session, communities, at, period)).all()
    table = np.array([tuple(row) for row in found], dtype=np.int64).reshape(-1, 4)
    return Counts(*(_column(table, index) for index in range(4)))


def cases(session: Session, communities: tuple[int, int], at: datetime, period: Period) -> CaseRows:
    """The same, case by case."""
    found = session.execute(CASES, _words(session, communities, at, period)).all()
    columns = list(zip(*found, strict=True)) or [()] * 6
    kinds = (np.int64, np.str_, np.str_, np.float64, np.float64, np.float64)
    return CaseRows(*(np.array(c, dtype=k) for c, k in zip(columns, kinds, strict=True)))


def returns(
    session: Session, communities: tuple[int, int], at: datetime, period: Period
) -> ReturnRows:
    """The same by unit, with those that were sent back before anybody had handled them."""
    found = session.execute(RETURNS, _words(session, communities, at, period)).all()
    table = np.array([tuple(row) for row in found], dtype=np.int64).reshape(-1, 3)
    return ReturnRows(*(_column(table, index) for index in range(3)))


def every_return(session: Session, period: Period) -> tuple[int, int]:
    """All cases of a period, and those that were sent back, as far as this session looks."""
    words = _words(session, EVERYWHERE, period.until, period)
    row = session.execute(EVERY_RETURN, words).one()
    return row.cases, row.returned


def _column(table: NDArray[np.int64], index: int) -> IntArray:
    return np.ascontiguousarray(table[:, index])


def _words(
    session: Session, communities: tuple[int, int], at: datetime, period: Period
) -> dict[str, object]:
    lo, hi = clipped(session, EVERYWHERE)
    first, last = communities if (lo, hi) != NOTHING else NOTHING
    return {
        "at": at, "first": first, "last": last, "lo": lo, "hi": hi,
        "since": period.since, "until": period.until,
    }  # fmt: skip

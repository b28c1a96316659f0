"""Figures over the cases in memory: for areas, and over time."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.core.scope import Scope
from app.maps import queries
from app.maps.schemas import Counts, CountsQuery, Histogram, HistogramQuery
from app.maps.service import Maps
from tiles import counts


def count_cases(
    maps: Maps, session: Session, query: CountsQuery, now: datetime, scope: Scope
) -> Counts:
    """A figure for every area of a level.

    Raises:
        Problem: 422 on `since`; 503 while the cases are not read yet.
    """
    wanted = query.case_filter(now, scope)
    if query.measure == "open":
        wanted = wanted.open_at_all()
    snapshot = maps.snapshot()
    rows = maps.select(snapshot, wanted)
    codes, found = counts.per_area(snapshot.columns, rows, query.level)
    values: dict[str, int | float] = dict(
        zip(map(str, codes.tolist()), found.tolist(), strict=True)
    )
    if query.measure == "density":
        surface = queries.surfaces_m2(session, query.level, wanted.as_of)
        values = {
            code: round(n / surface[int(code)] * 1e6, 3)
            for code, n in values.items()
            if surface.get(int(code))
        }
    version = maps.boundaries.at(min(wanted.as_of, now))
    return Counts(
        level=query.level,
        measure=query.measure,
        unit="cases/km²" if query.measure == "density" else "cases",
        as_of=min(wanted.as_of, now),
        since=None if query.measure == "open" else wanted.since,
        until=wanted.until,
        n=len(rows),
        boundary_version=version.id if version else None,
        values=values,
    )


def histogram(maps: Maps, query: HistogramQuery, now: datetime, scope: Scope) -> Histogram:
    """Cases by the time of their report.

    Raises:
        Problem: 422 on `since`; 503 while the cases are not read yet.
    """
    wanted = query.case_filter(now, scope)
    snapshot = maps.snapshot()
    rows = maps.select(snapshot, wanted)
    bucket_s, found = counts.per_bucket(
        snapshot.columns, rows, wanted.since, wanted.until, query.buckets
    )
    return Histogram(
        since=wanted.since,
        until=wanted.until,
        bucket_s=bucket_s,
        counts=found.tolist(),
        total=len(rows),
    )

"""Figures over the cases in memory: for areas, over time, and at the head of the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.core.clock import city_midnight
from app.core.query_words import LONGEST_WINDOW
from app.core.scope import Scope
from app.maps.schemas import (
    AreaFigure,
    CaseWords,
    Counts,
    CountsQuery,
    FiguresQuery,
    Head,
    Histogram,
    HistogramQuery,
    next_minute,
)
from geodata.codes import Level
from tiles import counts
from tiles.counts import CaseIndex, Stretches, Tally
from tiles.selection import CaseFilter

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

Surfaces = Callable[[Level, datetime], Mapping[int, float]]
"""The surface of every area of a level in m², by code, as drawn at an instant."""


@dataclass(frozen=True, eq=False)
class Cases:
    """The cases as they are counted.

    Attributes:
        index: of all of them.
        tally: counts what a filter selects; may ask the database.
        boundary_version: the number of the boundaries in force at an instant.
        surfaces_m2: may ask the database.
    """

    index: CaseIndex
    tally: Callable[[CaseIndex, CaseFilter, Stretches | None], Tally]
    boundary_version: Callable[[datetime], int | None]
    surfaces_m2: Surfaces


def count_cases(
    cases: Cases, words: CountsQuery | FiguresQuery, now: datetime, scope: Scope
) -> Counts:
    """A figure for every area of a level.

    Raises:
        Problem: 422 on `since`.
    """
    wanted = words.drawn(words.case_filter(now, scope), now)
    if words.measure == "open":
        wanted = wanted.open_at_all()
    found = cases.tally(cases.index, wanted, None)
    codes, numbers = counts.by_area(found, words.level)
    pairs = zip(codes.tolist(), numbers.tolist(), strict=True)
    # Built without looking at each of nine thousand values again.
    return Counts.model_construct(
        level=words.level,
        measure=words.measure,
        unit="cases/km²" if words.measure == "density" else "cases",
        as_of=min(wanted.as_of, now),
        since=None if words.measure == "open" else wanted.since,
        until=wanted.until,
        n=found.n,
        boundary_version=cases.boundary_version(wanted.drawn_at or min(wanted.as_of, now)),
        values=_values(cases, words, wanted, dict(pairs)),
    )


def _values(
    cases: Cases, words: AreaFigure, wanted: CaseFilter, counted: Mapping[int, int]
) -> dict[str, int | float]:
    if words.measure != "density":
        return {str(code): n for code, n in counted.items()}
    surface = cases.surfaces_m2(words.level, wanted.drawn_at or wanted.as_of)
    return {
        str(code): round(n / surface[code] * 1e6, 3)
        for code, n in counted.items()
        if surface.get(code)
    }


def over_time(cases: Cases, words: HistogramQuery, now: datetime, scope: Scope) -> Histogram:
    """Cases by the time of their report.

    Raises:
        Problem: 422 on `since`.
    """
    return _histogram(cases, words.case_filter(now, scope), words.buckets)


def around_window(cases: Cases, words: FiguresQuery, now: datetime, scope: Scope) -> Histogram:
    """The same, beyond both ends of the window as far as `around` says.

    Raises:
        Problem: 422 on `since`.
    """
    wanted = words.drawn(words.case_filter(now, scope), now)
    margin = (wanted.until - wanted.since) * words.around
    until = max(wanted.until, min(wanted.until + margin, wanted.as_of))
    since = max(wanted.since - margin, until - LONGEST_WINDOW)
    return _histogram(cases, replace(wanted, since=since, until=until), words.buckets)


def _histogram(cases: Cases, wanted: CaseFilter, buckets: int) -> Histogram:
    stretches = Stretches.of(wanted.since, wanted.until, buckets)
    found = cases.tally(cases.index, wanted, stretches)
    return Histogram(
        since=wanted.since,
        until=wanted.until,
        bucket_s=stretches.bucket_s,
        counts=found.buckets.tolist(),
        total=found.n,
    )


def head(cases: Cases, words: FiguresQuery, now: datetime, scope: Scope) -> Head:
    """The figures at the head of the page, of the area whatever else the words say."""
    everything = CaseWords(area=words.area, at=words.at).case_filter(now, scope)
    everything = words.drawn(everything, now)
    at = words.at or now
    until = words.at or next_minute(now)
    midnight = city_midnight(at)

    def n(wanted: CaseFilter) -> int:
        return cases.tally(cases.index, wanted, None).n

    def reported(since: datetime, before: datetime) -> int:
        return n(replace(everything, since=since, until=before)) if since < before else 0

    return Head(
        today=reported(midnight, until),
        yesterday_by_now=reported(midnight - DAY, until - DAY),
        last_hour=reported(at.replace(second=0, microsecond=0) - HOUR, until),
        open=n(everything.open_at_all()),
    )


def of_the_map(words: FiguresQuery) -> FiguresQuery:
    """The same words as the areas of the map are counted by: everywhere in the scope; what is open
    is counted whenever it was reported and whatever became of it."""
    everywhere: dict[str, object] = {"area": None}
    if words.measure == "open":
        everywhere |= {"window": None, "since": None, "until": None, "status": []}
    return words.model_copy(update=everywhere)

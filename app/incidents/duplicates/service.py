"""Suggesting cases that tell of the same as a report that is being typed."""

import math
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.incidents.duplicates import queries
from app.incidents.duplicates import rules as likeness
from app.incidents.duplicates.rules import FARTHEST_M, LEAST_SCORE, LONGEST_H, pairs_of
from app.incidents.duplicates.schemas import (
    Likeness,
    NearCase,
    Suggestion,
    SuggestionPage,
    TypedReport,
)
from app.incidents.queries import AnyRow
from app.incidents.rules import STAGE_OF, Status

MOST = 5
# So many of the nearest are looked at: more lie around one place in a burst only.
MOST_COMPARED = 400
_DEGREE_M = 111_320.0


def suggest(session: Session, typed: TypedReport, now: datetime) -> SuggestionPage:
    """Open cases within 500 m and 72 hours that look the same, the likeliest first."""
    at = typed.occurred_at or now
    tall = FARTHEST_M / _DEGREE_M
    wide = tall / max(math.cos(math.radians(typed.lat)), 0.01)
    window = (typed.lon - wide, typed.lat - tall, typed.lon + wide, typed.lat + tall)
    around = timedelta(hours=LONGEST_H)
    rows = queries.open_near(session, window, at - around, at + around, MOST_COMPARED)
    mine = pairs_of(typed.title), pairs_of(typed.title + typed.description)
    found = [_compared(typed, mine, row, at) for row in rows]
    kept = [one for one in found if one.score >= LEAST_SCORE and one.distance_m <= FARTHEST_M]
    kept.sort(key=lambda one: (-one.score, one.distance_m, -one.incident.no))
    return SuggestionPage(total=min(len(kept), MOST), items=kept[:MOST], next=None)


def _compared(
    typed: TypedReport, mine: tuple[Counter[str], Counter[str]], row: AnyRow, at: datetime
) -> Suggestion:
    similarity = max(
        likeness.pair_similarity(mine[0], pairs_of(row.title)),
        likeness.pair_similarity(mine[1], pairs_of(row.title + row.description)),
    )
    alike = likeness.compare(
        likeness.distance_m(typed.lon, typed.lat, row.lon, row.lat),
        abs((row.occurred_at - at).total_seconds()) / 3600,
        similarity,
        typed.category,
        row.category,
    )
    status = Status(row.status)
    return Suggestion(
        incident=NearCase(**{**row._mapping, "stage": STAGE_OF[status]}),
        score=round(alike.score, 3),
        distance_m=round(alike.distance_m, 1),
        hours=round(alike.hours, 2),
        text_similarity=round(alike.text_similarity, 3),
        reasons=[Likeness(reason) for reason in alike.reasons],
    )

"""Deciding what a program is told of the cases of its area, so that it misses no change.

The order is that of the stream, whose numbers are given to what is committed (docs/decisions/0008):
a change that is committed late gets a later number. What the stream no longer keeps is read from
the log, from a while before the place at which the program stood, and the stream after it.
"""

from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.db import reading
from app.core.errors import Problem, invalid, unavailable
from app.core.paging import decode_cursor, encode_cursor
from app.core.query_words import parse_instant
from app.identity.rules import Key
from app.live import queries as live
from app.programs.states import queries, rules
from app.programs.states.queries import Change, Position
from app.programs.states.rules import Place
from app.programs.states.schemas import ChangedState, ChangedStates, StatesQuery


def pull(
    engine: Engine, session: Session, key: Key, query: StatesQuery, now: datetime
) -> ChangedStates:
    """The cases that have changed since a program last asked, as they stand now.

    Args:
        engine: of the house, to ask where the stream stands.
        session: under the key.

    Raises:
        Problem: 422 on `since`; 503 while no stream was started.
    """
    with reading(engine) as house:
        stands = queries.position(house)
    if stands is None:
        raise unavailable("The live stream has not begun yet. Try again.")
    place = _place(query.since, stands, now)
    if place is None:
        here = Place(stands.epoch, stands.seq, rules.microseconds(now))
        return ChangedStates(items=[], next=_cursor_of(here, stands), more=False)
    if not place.is_in_past:
        found = _from_stream(engine, session, key, place, stands, query.limit, now)
        if found is not None:
            return found
        place = rules.from_log(place, stands.epoch, stands.seq, now)
    return _from_log(session, key, place, stands, query.limit)


def _from_stream(  # noqa: PLR0917  (one parameter a word)
    engine: Engine,
    session: Session,
    key: Key,
    place: Place,
    stands: Position,
    limit: int,
    now: datetime,
) -> ChangedStates | None:
    """None where the stream no longer knows what came after that place."""
    if place.epoch != stands.epoch or place.seq > stands.seq:
        return None
    changes = queries.from_stream(session, place.seq, stands.seq, (key.lo, key.hi), limit)
    # What was deleted while we read is missed by nobody: asked afterwards, of the oldest.
    with reading(engine) as house:
        if not live.is_kept(house, place.seq, stands.seq):
            return None
    seq = changes[-1].seq if len(changes) == limit else stands.seq
    following = Place(stands.epoch, seq, rules.microseconds(now))
    written = _cursor_of(following, stands)
    return _answer(session, key, changes, written, more=seq < stands.seq)


def _from_log(
    session: Session, key: Key, place: Place, stands: Position, limit: int
) -> ChangedStates:
    at = rules.instant(place.past_us)
    changes = queries.from_log(session, at, place.past_no, (key.lo, key.hi), limit)
    if len(changes) < limit:
        following = Place(place.epoch, place.seq, place.given_us)
    else:
        last = changes[-1]
        past_us = rules.microseconds(last.at)
        following = Place(place.epoch, place.seq, place.given_us, past_us, last.no)
    return _answer(session, key, changes, _cursor_of(following, stands), more=True)


def _answer(
    session: Session, key: Key, changes: list[Change], following: str, *, more: bool
) -> ChangedStates:
    newest: dict[int, datetime] = {}
    for change in changes:
        newest.pop(change.no, None)  # the last change says where the case stands in the order
        newest[change.no] = change.at
    rows = queries.states(session, list(newest), (key.lo, key.hi))
    states = {row.no: row for row in rows}
    items = [
        ChangedState(**states[no]._mapping, changed_at=at)
        for no, at in newest.items()
        if no in states
    ]
    return ChangedStates(items=items, next=following, more=more)


def _place(since: str | None, stands: Position, now: datetime) -> Place | None:
    if since is None:
        return None
    try:
        text = parse_instant(since)
    except ValueError:
        return _place_of(since, stands)
    try:
        at = datetime.fromisoformat(str(text))
        place = rules.since_instant(at, stands.epoch, stands.seq, now)
    except (ValueError, TypeError, OverflowError):
        raise invalid("since", "must carry a date, a time and a zone (Z or +08:00)") from None
    if at > now:
        raise invalid("since", "lies ahead of the server's clock")
    if at < now - rules.LONGEST_AGO:
        raise invalid("since", f"lies more than {rules.LONGEST_AGO.days} days back")
    return place


def _place_of(cursor: str, stands: Position) -> Place:
    try:
        place = _sealed(cursor, stands) or _of_before(cursor)
        for at_us in (place.given_us, place.past_us):
            rules.instant(at_us)
    except (Problem, OverflowError):
        raise invalid("since", "is neither an instant nor `next` of an answer before") from None
    return place


def _sealed(cursor: str, stands: Position) -> Place | None:
    """The place of a cursor; None where its place in the stream is none of ours."""
    try:
        at, given_us, past_us, past_no = decode_cursor(cursor, (str, int, int, int)) or []
    except Problem:
        return None
    seen = stands.ids.cursor(at)
    return None if seen is None else Place(seen.epoch, seen.seq, given_us, past_us, past_no)


def _of_before(cursor: str) -> Place:
    """The place of a cursor that an earlier release gave out, with the stream's number in the open:
    the number is not believed, and what has changed since then is read from the log."""
    words = decode_cursor(cursor, (str, int, int, int, int)) or []
    _, _, given_us, past_us, past_no = words
    return Place(rules.OTHER_EPOCH, 0, given_us, past_us, past_no)


def _cursor_of(place: Place, stands: Position) -> str:
    """The number of the stream is sealed: it is that of the whole city. Of another epoch only the
    name is known."""
    ids = stands.ids if place.epoch == stands.epoch else stands.ids.of_epoch(place.epoch)
    return encode_cursor([ids.text(place.seq), place.given_us, place.past_us, place.past_no])

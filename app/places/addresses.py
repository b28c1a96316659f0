"""Addresses: what somebody typed to places, and a point to words. All by the city's own names."""

import math
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from app.core.errors import Problem, invalid, outside_city
from app.core.paging import decode_cursor, encode_cursor
from app.places import queries, service
from app.places.schemas import (
    AddressQuery,
    Candidate,
    CandidatePage,
    PointQuery,
    Whereabouts,
)
from geodata import codes, gazetteer
from geodata.codes import Level
from geodata.gazetteer import Gazetteer, Record

DEMO_ALIASES = Path(codes.__file__).parent / "demo" / "aliases.csv"
METRES_PER_DEGREE = 111_320.0
MOST_CANDIDATES = 500
# A report by address needs a place that is this certain, and this far ahead of the next one.
LEAST_SCORE = 0.7
LEAST_LEAD = 0.1
# Anything wider than a community is no place to send somebody to.
PRECISE_KINDS = frozenset({Level.COMMUNITY, Level.CELL, "coordinates"})
_KEPT_VERSIONS = 4

_lock = Lock()
_built: WeakKeyDictionary[Any, dict[int, Gazetteer]] = WeakKeyDictionary()


def find(session: Session, query: AddressQuery, now: datetime) -> CandidatePage:
    """The places that an address may mean, the likeliest first; none outside the city.

    Raises:
        Problem: 422 on `cursor`.
    """
    key = decode_cursor(query.cursor, (int,))
    start = max(key[0], 0) if key else 0
    at = query.at or now
    found = _candidates(session, query.q, at)
    sent = found[start : start + query.limit]
    end = start + len(sent)
    chains = service.chains(session, (c.chain[-1] for c in sent if c.chain), at)
    items = [
        Candidate(
            label=candidate.label,
            kind=candidate.kind,
            code=candidate.code,
            lon=candidate.lon,
            lat=candidate.lat,
            score=candidate.score,
            uncertainty_m=candidate.uncertainty_m,
            chain=chains[candidate.chain[-1]],
        )
        for candidate in sent
    ]
    following = encode_cursor([end]) if end < len(found) else None
    return CandidatePage(total=len(found), items=items, next=following)


def settle(session: Session, address: str, at: datetime) -> gazetteer.Candidate:
    """The one place that an address means.

    Raises:
        Problem: 422 on `address`, naming the candidates: none, several, or none precise enough.
    """
    found = _candidates(session, address, at)
    if not found:
        raise outside_city("address")
    best = found[0]
    lead = best.score - found[1].score if len(found) > 1 else 1.0
    if best.score < LEAST_SCORE or lead < LEAST_LEAD:
        raise _unsettled("does not say one place; it may mean", found)
    if best.kind not in PRECISE_KINDS:
        raise _unsettled("names no community; send lon and lat, or say where in", found[:1])
    return best


def whereabouts(session: Session, query: PointQuery, now: datetime) -> Whereabouts:
    """The words for a point.

    Raises:
        Problem: 422 on `lon` and `lat` outside the city.
    """
    at = query.at or now
    cell = queries.cell_at(session, query.lon, query.lat, at)
    if cell is None:
        raise outside_city("lon", "lat")
    named = _gazetteer(session, at).search(str(cell), 1)[0]
    return Whereabouts(
        label=named.label,
        cell_code=cell,
        chain=service.chains(session, [cell], at)[cell],
        distance_m=0.0,
        uncertainty_m=named.uncertainty_m,
    )


def _unsettled(what: str, found: list[gazetteer.Candidate]) -> Problem:
    named = "; ".join(f"{candidate.label} ({candidate.score:.2f})" for candidate in found[:5])
    return invalid("address", f"{what}: {named}")


def _candidates(session: Session, text: str, at: datetime) -> list[gazetteer.Candidate]:
    found = _gazetteer(session, at).search(text, MOST_CANDIDATES)
    return [held for candidate in found if (held := _in_city(session, candidate, at)).chain]


def _in_city(session: Session, candidate: gazetteer.Candidate, at: datetime) -> gazetteer.Candidate:
    """The candidate; one that is mere coordinates with the areas that contain it, if any do."""
    if candidate.chain:
        return candidate
    chain = service.codes_at(session, candidate.lon, candidate.lat, at)
    return replace(candidate, code=chain[-1] if chain else None, chain=chain)


def _gazetteer(session: Session, at: datetime) -> Gazetteer:
    """The index over the names in force at `at`, made once for each state of the boundaries."""
    version = queries.boundary_version(session, at) or 0
    # Who asks for names of today waits for nobody who asks for those of another year.
    known = _built.get(session.get_bind(), {}).get(version)
    if known is not None:
        return known
    with _lock:
        versions = _built.setdefault(session.get_bind(), {})
        if version not in versions:
            while len(versions) >= _KEPT_VERSIONS:
                del versions[min(versions)]
            records = map(_record, queries.extents(session, at))
            versions[version] = Gazetteer(records, _aliases(session))
        return versions[version]


def _aliases(session: Session) -> list[gazetteer.Alias]:
    city = queries.city(session)
    return gazetteer.read_aliases(DEMO_ALIASES) if city is not None and city.demo else []


def _record(row: queries.AnyRow) -> Record:
    # The farthest corner of its window: the area itself reaches no farther.
    across = max(row.east - row.label_lon, row.label_lon - row.west)
    along = max(row.north - row.label_lat, row.label_lat - row.south)
    across *= math.cos(math.radians(row.label_lat))
    return Record(
        code=row.code,
        level=row.level,
        name=row.name,
        lon=row.label_lon,
        lat=row.label_lat,
        radius_m=math.hypot(across, along) * METRES_PER_DEGREE,
        aliases=(row.name_en,) if row.name_en else (),
    )

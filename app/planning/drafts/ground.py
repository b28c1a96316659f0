"""Base units and their borders as they were drawn at an instant, kept in memory.

The past does not change, so a community is read, projected and measured once a process. Plans lie
over it (drafts): what is kept here belongs to no plan and no account.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import shapely
from sqlalchemy.orm import Session

from app.core import memory
from app.core.db import database_of
from app.core.errors import Problem
from app.places import queries as places
from app.planning.drafts import queries
from geodata import crs
from geodata.progress import Progress, Silent
from geodata.rebalance import borders as unit_borders
from geodata.rebalance import units as base_units
from geodata.rebalance.borders import Borders
from geodata.rebalance.units import IntArray, Units, UnitsError

METRES = crs.parse("EPSG:4544")
"""CGCS2000 Gauss-Krueger, 3 degrees around 105 E: what plans are measured in."""
KEPT_BYTES = 256_000_000
AT_ONCE = 100
"""Communities that are read together: a whole city at once would take half a gigabyte, and let
whoever wants one community wait for all of it."""
_UNIT_BYTES, _CORNER_BYTES, _BORDER_BYTES = 700, 24, 26

Value = TypeVar("Value")


@dataclass(frozen=True)
class Ground:
    """Units (EPSG:4544, load as they list it, locked as drawn) and their borders."""

    units: Units
    borders: Borders

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        corners = int(shapely.get_num_coordinates(self.units.geometry).sum())
        return (
            len(self.units) * _UNIT_BYTES
            + corners * _CORNER_BYTES
            + len(self.borders.one) * _BORDER_BYTES
        )


class State(NamedTuple):
    """Which units are in force: the same for every instant between two changes."""

    database: str
    boundary_version: int | None
    since: datetime | None


class Kept(Generic[Value]):
    """What was used last, up to a limit of bytes. Many threads may use it."""

    def __init__(self, limit_bytes: int, size_of: Callable[[Value], int]) -> None:
        self._limit_bytes = limit_bytes
        self._size_of = size_of
        self._kept: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._held_bytes = 0
        self._lock = threading.Lock()

    def find(self, keys: Iterable[Hashable]) -> dict[Hashable, Value]:
        """Those of the keys that are here."""
        found = {}
        with self._lock:
            for key in keys:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    found[key] = self._kept[key][0]
        return found

    def keep(self, values: Mapping[Any, Value]) -> None:
        """Keep these, and let go of what was not used for longest."""
        sized = {key: (value, self._size_of(value)) for key, value in values.items()}
        with self._lock:
            for key, (value, size_bytes) in sized.items():
                self._held_bytes += size_bytes - self._kept.pop(key, (None, 0))[1]
                self._kept[key] = (value, size_bytes)
            while self._held_bytes > self._limit_bytes:
                _, (_, size_bytes) = self._kept.popitem(last=False)
                self._held_bytes -= size_bytes

    def let_go(self, concerned: Callable[[Any], bool]) -> None:
        """Keep nothing whose key is concerned."""
        with self._lock:
            for key in [key for key in self._kept if concerned(key)]:
                self._held_bytes -= self._kept.pop(key)[1]


_GROUNDS: Kept[Ground] = Kept(KEPT_BYTES, lambda ground: ground.size_bytes)
_SINCE: Kept[datetime | None] = Kept(200_000, lambda _: 200)
_COMMUNITIES: Kept[IntArray] = Kept(1_000_000, lambda found: found.nbytes + 200)
# Nothing is made twice: whoever asks for it meanwhile waits for the one that is being made.
_MAKING = threading.Lock()


def state_at(session: Session, at: datetime) -> State:
    """The state of the units at an instant (UTC) that has passed."""
    database = database_of(session)
    version = places.boundary_version(session, at)
    asked = (database, version, at)
    found = _SINCE.find([asked])
    if asked not in found:
        # There are databases into which units came without a boundary version of their own.
        found = {asked: queries.units_since(session, at)}
        _SINCE.keep(found)
    return State(database, version, found[asked])


def let_go(state: State) -> None:
    """Keep no ground of a state whose time is over: of a whole city it takes as much memory as
    whatever follows."""
    _GROUNDS.let_go(lambda key: key[0] == state)
    memory.give_back()


def communities_in(
    session: Session, state: State, at: datetime, between: tuple[int, int]
) -> IntArray:
    """The communities that have units, with codes in a range (both ends in it), ascending."""
    found = _COMMUNITIES.find([state])
    if state not in found:
        found = {state: queries.communities(session, at)}
        _COMMUNITIES.keep(found)
    everywhere = found[state]
    first, last = np.searchsorted(everywhere, [between[0], between[1] + 1])
    return everywhere[first:last]


def read(
    session: Session,
    state: State,
    at: datetime,
    communities: IntArray,
    progress: Progress | None = None,
) -> Ground:
    """The ground of these communities.

    Args:
        communities: at least one, ascending, each with units.
        progress: told in communities; may cancel. None for somebody who waits.

    Raises:
        Problem: 409 `base-units`: what is in the database cannot be drawn from.
    """
    watch = progress or Silent()
    parts = []
    for first in range(0, len(communities), AT_ONCE):
        watch.step("ground", first, len(communities))
        parts += _parts(session, state, at, communities[first : first + AT_ONCE])
    watch.step("ground", len(communities), len(communities))
    whole = joined(parts)
    if len(communities) > AT_ONCE:
        memory.give_back()
    return whole


def _parts(session: Session, state: State, at: datetime, communities: IntArray) -> list[Ground]:
    keys: list[Hashable] = [(state, code) for code in communities.tolist()]
    found = _GROUNDS.find(keys)
    if len(found) < len(keys):
        with _MAKING:
            found |= _GROUNDS.find(keys)
            lacking = communities[[key not in found for key in keys]]
            if len(lacking):
                made: dict[Hashable, Ground] = {
                    (state, code): one for code, one in _made(session, at, lacking)
                }
                _GROUNDS.keep(made)
                found |= made
    return [found[key] for key in keys]


def _made(session: Session, at: datetime, communities: IntArray) -> Iterable[tuple[int, Ground]]:
    rows = queries.units(session, at, communities)
    kept = rows.locked | queries.in_any(rows.cell_code, queries.locked_areas(session, at))
    whole = _measured(rows._replace(locked=kept))
    for index, start in enumerate(whole.units.starts[:-1].tolist()):
        yield int(whole.units.community_code[start]), _part(whole, index)


def _measured(rows: queries.UnitRows) -> Ground:
    shapes = shapely.transform(
        shapely.from_wkb(rows.wkb),
        lambda xy: np.column_stack(crs.from_wgs84(xy[:, 0], xy[:, 1], METRES)),
    )
    try:
        units = base_units.make(
            unit_id=rows.unit_id, community_code=rows.community_code, cell_code=rows.cell_code,
            households=rows.households, incidents=rows.incidents, street_block=rows.street_block,
            locked=rows.locked, geometry=shapes,
        )  # fmt: skip
    except UnitsError as error:
        raise Problem(
            HTTPStatus.CONFLICT, "base-units", "Base units cannot be used", str(error)
        ) from error
    return Ground(units, unit_borders.between(units))


def _part(whole: Ground, index: int) -> Ground:
    """One community of several."""
    units, borders = whole.units, whole.borders
    rows = slice(int(units.starts[index]), int(units.starts[index + 1]))
    pairs = slice(int(borders.starts[index]), int(borders.starts[index + 1]))
    count = rows.stop - rows.start
    columns = {name: getattr(units, name) for name in _UNIT_COLUMNS}
    # Copies: a view would hold on to the whole.
    cut: dict[str, Any] = {
        name: None if all_ is None else all_[rows].copy() for name, all_ in columns.items()
    }
    ways = {
        name: getattr(borders, name)[pairs].copy() for name in ("length_m", "on_street", "passable")
    }
    return Ground(
        replace(
            units, **cut, starts=np.array([0, count], dtype=np.int64),
            row=np.arange(count, dtype=np.int64),
        ),
        Borders(
            one=borders.one[pairs] - rows.start, other=borders.other[pairs] - rows.start, **ways,
            starts=np.array([0, pairs.stop - pairs.start], dtype=np.int64),
        ),
    )  # fmt: skip


_UNIT_COLUMNS = tuple(one.name for one in fields(Units) if one.name not in ("starts", "row"))


def joined(parts: Sequence[Ground]) -> Ground:
    """Communities side by side, in the order given, which must be that of their codes."""
    if len(parts) == 1:
        return parts[0]
    sizes = np.array([len(part.units) for part in parts])
    pairs = np.array([len(part.borders.one) for part in parts])
    starts, pair_starts = (np.append(0, np.cumsum(counts)) for counts in (sizes, pairs))
    shift = np.repeat(starts[:-1], pairs)

    def all_of(name: str) -> Any:
        columns = [getattr(part.units, name) for part in parts]
        return None if columns[0] is None else np.concatenate(columns)

    def all_borders(name: str) -> Any:
        return np.concatenate([getattr(part.borders, name) for part in parts])

    return Ground(
        Units(
            **{name: all_of(name) for name in _UNIT_COLUMNS}, starts=starts,
            row=np.arange(starts[-1], dtype=np.int64),
        ),
        Borders(
            one=all_borders("one") + shift, other=all_borders("other") + shift,
            length_m=all_borders("length_m"), on_street=all_borders("on_street"),
            passable=all_borders("passable"), starts=pair_starts,
        ),
    )  # fmt: skip

"""A plan's moves put onto other boundaries than those it was drawn against. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.planning.rules import Keep


@dataclass(frozen=True)
class Unit:
    """A unit that a plan moves, and the cells that are told of it.

    Attributes:
        base: at the plan's base.
        plan: in the plan.
        current: in the boundaries in force; None for one that is no more in this community.
    """

    unit_id: int
    community_code: int
    base: int
    plan: int
    current: int | None


@dataclass(frozen=True)
class Merged:
    """A plan on its new base.

    Attributes:
        cells: unit -> its cell in the plan, for units that it moves still.
        renamed: new cells of the plan -> the numbers that they take now.
        conflicts: units that both have changed, to different cells.
    """

    cells: dict[int, int]
    renamed: dict[int, int]
    conflicts: list[Unit]


def merge(
    units: list[Unit],
    before: Mapping[int, set[int]],
    standing: Mapping[int, set[int]],
    last: Mapping[int, int],
    keep: Keep | None,
) -> Merged:
    """Keep what the plan moved and nobody else did; where both did, as `keep` says.

    A cell that is no more takes no unit in: what the plan gave to it stays where it lies now, and
    is told as a conflict.

    Args:
        before: community -> its cells at the plan's base.
        standing: community -> its cells now.
        last: community -> the highest number that a cell of it ever had.
        keep: None to leave conflicts as they stand now.
    """
    wanted: dict[int, int] = {}
    conflicts: list[Unit] = []
    community_of: dict[int, int] = {}
    for unit in units:
        if unit.current is None or unit.plan == unit.current:
            continue
        code = unit.community_code
        gone = unit.plan in before[code] and unit.plan not in standing[code]
        both = unit.current != unit.base
        if gone or both:
            conflicts.append(unit)
        if gone or (both and keep is not Keep.MINE):
            continue
        wanted[unit.unit_id] = unit.plan
        community_of[unit.unit_id] = code
    # A number that was new at the base may be somebody else's cell by now.
    fresh = {
        (community_of[unit], cell)
        for unit, cell in wanted.items()
        if cell not in before[community_of[unit]]
    }
    renamed: dict[int, int] = {}
    taken = dict(last)
    for community, cell in sorted(fresh):
        taken[community] = renamed[cell] = max(taken[community], community) + 1
    cells = {unit: renamed.get(cell, cell) for unit, cell in wanted.items()}
    return Merged(cells, renamed, conflicts)

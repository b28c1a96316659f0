"""The optimiser: each community by restarts of the kernel, many side by side.

The same seed gives the same plan for any number of workers: every restart draws from a seed of its
own, made of the run's seed, the community's code and the restart's number.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np

from geodata.progress import Progress
from geodata.rebalance import kernel, mending
from geodata.rebalance.borders import Borders, by_unit
from geodata.rebalance.profiles import Profile
from geodata.rebalance.units import BoolArray, IntArray, Units, sums

STREET_COUNTS = 0.5
"""A border along a street counts half: people know it as one."""


LONGER = 8
SMALL = 48
"""Communities of so many atoms can be searched for their optimum."""
HOT_TRIES, HOT_TRIES_IF_SMALL = 6_000_000, 400_000_000
"""What hot runs may cost in all: about a third of a second of a core, and twenty."""


@dataclass(frozen=True)
class Effort:
    """How long to search: `restarts` runs of `steps_per_unit` tries for each unit.

    Attributes:
        hot: further runs, `LONGER` times as long, that begin so hot that they forget where they
            started.
    """

    restarts: int
    steps_per_unit: int
    hot: int = 0

    @property
    def runs(self) -> int:
        """All of them."""
        return self.restarts + self.hot


def effort_for(atoms: int, neighbours: float = 4.0, total: int = 0) -> Effort:
    """As much as the product spends on a community.

    Small ones have deep valleys and cost little: with 16 restarts of 1,000 tries a unit every one
    of 20 units came out at its proved optimum, with 4 of 300 some were 17 % off. Large ones get
    what fits a city of 8,700 cells into half a minute of one core. Where units stand in a row, as
    along a river, a border moves by handing units on from cell to cell: that takes many more tries,
    and each costs less.

    Args:
        neighbours: that an atom has on average.
        total: units of all communities that are searched. Where they are few, small communities
            get hot runs, too: some have an optimum that cannot be reached from today's plan
            without passing through far worse ones (without them one of 20 was 11 % off).
    """
    in_a_row = np.clip((3.0 / max(neighbours, 1.0)) ** 5, 1.0, 10.0)
    steps = int(np.clip(30_000 // atoms, 300, 1_000) * in_a_row)
    budget = HOT_TRIES_IF_SMALL if atoms <= SMALL else HOT_TRIES
    affordable = budget // (LONGER * steps * max(total, atoms))
    return Effort(
        restarts=int(np.clip(480 // atoms, 3, 16)),
        steps_per_unit=steps,
        hot=min(affordable, int(np.clip(480 // atoms, 0, 16))),
    )


@dataclass(frozen=True)
class Community:
    """One community as the kernel takes it: atoms are units, or sets that stay together.

    Attributes:
        code: of the community.
        rows: its units.
        cells: (k,) codes of the cells of today and of the plan to begin with.
        atom: (n,) the atom of each unit.
        start: (atoms,) the plan to begin with, every cell in one piece where that can be.

    The others are as `kernel.anneal` takes them.
    """

    code: int
    rows: slice
    cells: IntArray
    atom: IntArray
    start: kernel.Int32Array
    today: kernel.Int32Array
    first: kernel.Int32Array
    near: kernel.Int32Array
    border: kernel.Float64Array
    weight: kernel.Float64Array
    households: kernel.Float64Array
    locked: BoolArray
    closed: BoolArray
    mean: float
    terms: tuple[float, float, float, float, float, float]


def communities(
    units: Units,
    borders: Borders,
    profile: Profile,
    start: IntArray | None = None,
    only: Container[int] | None = None,
) -> Iterator[Community]:
    """Every community, with the profile's weights brought to its own scale.

    Args:
        start: (n,) the plan to begin with; today's where it is None.
        only: codes of the communities wanted; None for all.
    """
    begin_with = units.cell_code if start is None else start
    for index, row in enumerate(units.starts[:-1].tolist()):
        if only is None or int(units.community_code[row]) in only:
            yield _community(units, borders, profile, begin_with, index)


def _community(
    units: Units, borders: Borders, profile: Profile, start: IntArray, index: int
) -> Community:
    rows = slice(int(units.starts[index]), int(units.starts[index + 1]))
    pairs = slice(int(borders.starts[index]), int(borders.starts[index + 1]))
    atom, count = _atoms(units, rows)
    weight = sums(atom, units.load[rows], count)
    households = sums(atom, units.households[rows], count)
    locked = sums(atom, units.locked[rows], count) > 0
    cells = np.unique(np.concatenate([units.cell_code[rows], start[rows]]))
    today = _mostly(atom, count, np.searchsorted(cells, units.cell_code[rows]), units, rows)
    in_start = np.searchsorted(cells, start[rows])
    drawn = _mostly(atom, count, in_start, units, rows)
    if count < len(atom):
        _fill_emptied(drawn, atom, in_start, locked)
    ways = borders.passable[pairs]
    counts_m = borders.length_m[pairs] * np.where(borders.on_street[pairs], STREET_COUNTS, 1.0)
    one, other, border = _between_atoms(
        atom[borders.one[pairs][ways] - rows.start],
        atom[borders.other[pairs][ways] - rows.start],
        counts_m[ways],
        count,
    )
    drawn = mending.mend(drawn, mending.Ways(one, other, border), households, locked)
    first, near, pair = by_unit(count, one, other)
    # A cell without a unit that may move is dedicated; one that is empty stays empty.
    closed = sums(drawn, ~locked, len(cells)) == 0
    loads = sums(drawn, weight, len(cells))
    mean = float(loads[~closed].mean()) if not closed.all() else 0.0
    cut = float(border[today[one] != today[other]].sum())
    people = float(households.sum())
    return Community(
        code=int(units.community_code[rows.start]),
        rows=rows,
        cells=cells,
        atom=atom,
        start=drawn.astype(np.int32),
        today=today.astype(np.int32),
        first=first.astype(np.int32), near=near.astype(np.int32), border=border[pair],
        weight=weight, households=households,
        locked=locked, closed=closed,
        mean=mean if mean > 0 else 1.0,
        terms=(
            profile.tolerance, profile.beyond, profile.uneven,
            profile.ragged / cut if cut else 0.0,
            profile.moved / people if people else 0.0,
            profile.touched / len(cells),
        ),
    )  # fmt: skip


def _atoms(units: Units, rows: slice) -> tuple[IntArray, int]:
    """The atom of each unit of a community, and how many there are."""
    count = rows.stop - rows.start
    if units.together is None:
        return np.arange(count), count
    together = units.together[rows]
    alone = together < 0
    names, atom = np.unique(np.where(alone, -1 - np.arange(count), together), return_inverse=True)
    return atom.astype(np.int64), len(names)


def _between_atoms(
    one: IntArray, other: IntArray, border: kernel.Float64Array, count: int
) -> tuple[IntArray, IntArray, kernel.Float64Array]:
    """Each pair of atoms once, with all the border between them."""
    apart = one != other
    low, high = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
    pair, where = np.unique(low * count + high, return_inverse=True)
    total = sums(where, border[apart], len(pair))
    return pair // count, pair % count, total


def _mostly(atom: IntArray, count: int, cell: IntArray, units: Units, rows: slice) -> IntArray:
    """(count,) the cell in which most households of each atom lie; a locked unit decides."""
    pull = units.households[rows] + 1e-6 + np.where(units.locked[rows], 1e12, 0.0)
    names, where = np.unique(atom * 1_000 + cell, return_inverse=True)
    total = sums(where, pull, len(names))
    order = np.lexsort((names % 1_000, -total, names // 1_000))
    best = order[np.diff(names[order] // 1_000, prepend=-1) != 0]
    return np.asarray(names[best] % 1_000)


def _fill_emptied(drawn: IntArray, atom: IntArray, cell: IntArray, locked: BoolArray) -> None:
    """Give every cell that lost all its units to sets which lie mostly elsewhere one of those back,
    in place; `cell` is that of each unit before. A cell that can only be filled by emptying another
    stays empty.
    """
    for emptied in np.setdiff1d(cell, drawn).tolist():
        size = np.bincount(drawn, minlength=emptied + 1)
        theirs = np.unique(atom[cell == emptied])
        fits = theirs[~locked[theirs] & (size[drawn[theirs]] > 1)]
        if len(fits):
            drawn[fits[0]] = emptied


def solve(community: Community, seed: int, effort: Effort | None = None) -> tuple[IntArray, float]:
    """(n,) the best plan found, as cell codes, and its objective; never worse than the start."""
    found = _Search(community, effort)
    for restart in range(found.effort.runs):
        found.take(*found.run(seed, restart))
    return found.plan(), found.lowest


class _Search:
    """The restarts of one community, and the best of them so far; the same in whatever order."""

    def __init__(self, community: Community, effort: Effort | None = None, total: int = 0) -> None:
        atoms = len(community.start)
        self.community = community
        self.effort = effort or effort_for(atoms, len(community.near) / atoms, total or atoms)
        self._best = (_objective(community), -1, community.start)

    @property
    def units(self) -> int:
        """How many units the community has."""
        return len(self.community.atom)

    @property
    def lowest(self) -> float:
        """The objective of the best plan so far."""
        return self._best[0]

    def run(self, seed: int, restart: int) -> tuple[float, int, kernel.Int32Array]:
        """One restart; changes nothing here, and so may run in any thread."""
        c = self.community
        plan = np.empty_like(c.start)
        is_hot = restart >= self.effort.restarts
        steps = self.effort.steps_per_unit * len(plan) * (LONGER if is_hot else 1)
        cost = kernel.anneal(
            c.first, c.near, c.border, c.weight, c.households, c.today, c.start, c.locked,
            c.closed, c.mean, c.terms, steps, kernel.HOT if is_hot else kernel.HOTTEST,
            _seed_of(seed, c.code, restart), plan,
        )  # fmt: skip
        return float(cost), restart, plan

    def take(self, cost: float, restart: int, plan: kernel.Int32Array) -> None:
        """Keep what `run` found if it is the best; of equal ones the first."""
        if (cost, restart) < self._best[:2]:
            self._best = (cost, restart, plan)

    def plan(self) -> IntArray:
        """(n,) the best plan so far, as cell codes."""
        return self.community.cells[self._best[2]][self.community.atom]


def _objective(community: Community) -> float:
    """What the plan to begin with costs."""
    c = community
    return float(kernel.objective(
        c.first, c.near, c.border, c.weight, c.households, c.today, c.start, c.closed, c.mean,
        c.terms,
    ))  # fmt: skip


def _seed_of(seed: int, code: int, restart: int) -> int:
    words = np.random.SeedSequence([seed, code, restart]).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def _unheard(_: float) -> None:
    """Nobody asked."""


def rebalance(
    units: Units,
    borders: Borders,
    profile: Profile,
    *,
    seed: int,
    progress: Progress,
    workers: int = 1,
    only: Iterable[int] | None = None,
    start: IntArray | None = None,
    better: Callable[[float], None] = _unheard,
) -> IntArray:
    """(n,) a plan: the cell code of every unit.

    Args:
        seed: 0 or more.
        progress: told after each restart of a community, in units; it may cancel, and then nothing
            is returned.
        workers: threads; the kernel runs without the interpreter's lock.
        only: codes of the communities to change; None for all.
        start: (n,) the plan to begin with; today's where it is None. What moved is always counted
            from today.
        better: told the mean objective of the wanted communities (by units), once for the plan to
            begin with and at each improvement.

    Raises:
        Cancelled: by `progress`.
    """
    plan = (units.cell_code if start is None else start).copy()
    wanted = None if only is None else frozenset(only)
    total = sum(wanted is None or code in wanted for code in units.community_code.tolist())
    searches = []
    for community in communities(units, borders, profile, start, wanted):
        progress.step("rebalance", 0, total)
        searches.append(_Search(community, total=total))
    # The largest first, so that none of them is left for the end.
    searches.sort(key=lambda one: (-len(one.community.start), one.community.code))
    objective = sum(one.lowest * one.units for one in searches) / max(total, 1)
    better(objective)
    done = 0.0
    with ThreadPoolExecutor(max_workers=workers) as pool:
        futures = {
            pool.submit(one.run, seed, restart): one
            for one in searches
            for restart in range(one.effort.runs)
        }
        try:
            for future in as_completed(futures):
                one = futures[future]
                before = one.lowest
                one.take(*future.result())
                if one.lowest < before:
                    objective += (one.lowest - before) * one.units / total
                    better(objective)
                done += one.units / one.effort.runs
                progress.step("rebalance", round(done), total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for one in searches:
        plan[one.community.rows] = one.plan()
    return plan

"""The optimiser: each community by restarts of the kernel, many side by side.

The same seed gives the same plan for any number of workers: every restart draws from a seed of its
own, made of the run's seed, the community's code and the restart's number.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np

from geodata.progress import Progress
from geodata.rebalance import kernel
from geodata.rebalance.borders import Borders
from geodata.rebalance.profiles import Profile
from geodata.rebalance.units import BoolArray, IntArray, Units

STREET_COUNTS = 0.5
"""A border along a street counts half: people know it as one."""


@dataclass(frozen=True)
class Effort:
    """How long to search: `restarts` runs of `steps_per_unit` tries for each unit."""

    restarts: int = 4
    steps_per_unit: int = 300


@dataclass(frozen=True)
class Community:
    """One community as the kernel takes it; see `kernel.anneal` for the arrays."""

    code: int
    cells: IntArray
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


def communities(units: Units, borders: Borders, profile: Profile) -> Iterator[Community]:
    """Every community, with the profile's weights brought to its own scale."""
    load = units.load(profile.load_of_incident)
    for index, (begin, end) in enumerate(zip(units.starts[:-1], units.starts[1:], strict=True)):
        mine = slice(borders.starts[index], borders.starts[index + 1])
        cells, today = np.unique(units.cell_code[begin:end], return_inverse=True)
        one, other = borders.one[mine] - begin, borders.other[mine] - begin
        border = borders.length_m[mine] * np.where(borders.on_street[mine], STREET_COUNTS, 1.0)
        first, near, both = _by_unit(int(end - begin), one, other, border)
        weight, households = load[begin:end], units.households[begin:end]
        locked = units.locked[begin:end]
        closed = np.bincount(today, weights=~locked, minlength=len(cells)) == 0
        sums = np.bincount(today, weights=weight, minlength=len(cells))
        mean = float(sums[~closed].mean()) if not closed.all() else 0.0
        cut = float(border[today[one] != today[other]].sum())
        people = float(households.sum())
        yield Community(
            code=int(units.community_code[begin]),
            cells=cells,
            today=today.astype(np.int32),
            first=first, near=near, border=both,
            weight=np.ascontiguousarray(weight), households=np.ascontiguousarray(households),
            locked=locked, closed=closed,
            mean=mean if mean > 0 else 1.0,
            terms=(
                profile.tolerance, profile.beyond, profile.uneven,
                profile.ragged / cut if cut else 0.0,
                profile.moved / people if people else 0.0,
                profile.touched / len(cells),
            ),
        )  # fmt: skip


def _by_unit(
    count: int, one: IntArray, other: IntArray, border: kernel.Float64Array
) -> tuple[kernel.Int32Array, kernel.Int32Array, kernel.Float64Array]:
    """Pairs as neighbours of each unit (CSR), both ways."""
    source, target = np.concatenate([one, other]), np.concatenate([other, one])
    order = np.lexsort((target, source))
    first = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=count))])
    both = np.concatenate([border, border])[order]
    return first.astype(np.int32), target[order].astype(np.int32), both


def solve(community: Community, effort: Effort, seed: int) -> tuple[IntArray, float]:
    """(n,) the best plan found, as cell codes, and its objective; never worse than today's."""
    best, lowest = community.today, np.inf
    for restart in range(effort.restarts):
        plan = np.empty_like(community.today)
        cost = kernel.anneal(
            community.first, community.near, community.border, community.weight,
            community.households, community.today, community.today, community.locked,
            community.closed, community.mean, community.terms,
            effort.steps_per_unit * len(plan), _seed_of(seed, community.code, restart), plan,
        )  # fmt: skip
        if cost < lowest:
            best, lowest = plan, cost
    return community.cells[best], float(lowest)


def _seed_of(seed: int, code: int, restart: int) -> int:
    words = np.random.SeedSequence([seed, code, restart]).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def rebalance(
    units: Units,
    borders: Borders,
    profile: Profile,
    *,
    seed: int,
    progress: Progress,
    effort: Effort | None = None,
    workers: int = 1,
    only: Iterable[int] | None = None,
) -> IntArray:
    """(n,) a plan: the cell code of every unit.

    Args:
        seed: 0 or more.
        progress: told after each community; it may cancel, and then nothing is returned.
        workers: threads; the kernel runs without the interpreter's lock.
        only: codes of the communities to change; None for all.

    Raises:
        Cancelled: by `progress`.
    """
    effort = effort or Effort()
    wanted = None if only is None else set(only)
    plan = units.cell_code.copy()
    tasks = {
        index: community
        for index, community in enumerate(communities(units, borders, profile))
        if wanted is None or community.code in wanted
    }
    units_total = sum(len(community.today) for community in tasks.values())
    done = 0
    progress.step("rebalance", 0, units_total)
    # The largest first, so that none of them is left for the end.
    order = sorted(tasks, key=lambda index: (-len(tasks[index].today), index))
    with ThreadPoolExecutor(max_workers=workers) as pool:
        futures = {pool.submit(solve, tasks[index], effort, seed): index for index in order}
        try:
            for future in as_completed(futures):
                index = futures[future]
                plan[units.starts[index] : units.starts[index + 1]] = future.result()[0]
                done += len(tasks[index].today)
                progress.step("rebalance", done, units_total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return plan

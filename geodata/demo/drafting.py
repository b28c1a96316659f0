"""Drawing all districts, in as many processes as are given; the result does not depend on them."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from pyproj import Transformer

from geodata import codes
from geodata.demo.district import DistrictDraft, DistrictTask, draw
from geodata.demo.field import Density
from geodata.demo.recipe import CityFacts, Recipe
from geodata.demo.sources import METRIC_CRS, Sources, in_metres
from geodata.demo.wander import wander
from geodata.orphans import end_with_parent
from geodata.progress import Cancelled, Progress

STEP = "drawing communities"
_POLL_S = 0.25

# What a worker process was given when it started: a shared count of communities drawn, and a flag.
_drawn: Any = None
_stop: Any = None


def tasks(recipe: Recipe, facts: CityFacts, sources: Sources) -> list[DistrictTask]:
    """One task a chosen district, by code."""
    density = Density.of(facts)
    outlines = in_metres(sources.outlines)
    project = Transformer.from_crs("EPSG:4326", METRIC_CRS, always_xy=True)
    made = []
    for district in facts.chosen(recipe.districts):
        code = codes.from_division(district.code)
        made.append(
            DistrictTask(
                seed=recipe.seed,
                code=code,
                cells=district.cells,
                outline=outlines[code],
                towns=[town for town in sources.towns if codes.contains(code, town.code)],
                communities=[c for c in sources.communities if codes.contains(code, c.code)],
                centres={
                    town: project.transform(*lon_lat)
                    for town, lon_lat in sources.town_centres.items()
                    if codes.contains(code, town)
                },
                density=density.near(outlines[code]),
            )
        )
    return sorted(made, key=lambda task: task.code)


def draw_all(todo: list[DistrictTask], workers: int, progress: Progress) -> list[DistrictDraft]:
    """Draw the districts, in the order given.

    Raises:
        Cancelled: the receiver of progress asked to stop; no process is left behind.
    """
    total = sum(len(task.communities) for task in todo)
    if min(workers, len(todo)) <= 1:
        return _draw_here(todo, total, progress)
    context = multiprocessing.get_context("spawn")
    drawn, stop = context.Value("i", 0), context.Event()
    with (
        ProcessPoolExecutor(workers, context, _begin, (drawn, stop)) as pool,
        _raised_on_failure(stop),
    ):
        # The largest first, so that the last to finish is a small one.
        futures = {
            task.code: pool.submit(_draw_there, task)
            for task in sorted(todo, key=lambda task: -task.cells)
        }
        for _ in _until_done(list(futures.values())):
            progress.step(STEP, drawn.value, total)
        return [futures[task.code].result() for task in todo]


def _draw_here(todo: list[DistrictTask], total: int, progress: Progress) -> list[DistrictDraft]:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        progress.step(STEP, done, total)

    return [wander(draw(task, tick), task.seed) for task in todo]


def _until_done(futures: list[Future[DistrictDraft]]) -> Iterator[None]:
    """Yield every now and then until all are done; raises what one of them raised."""
    pending = set(futures)
    while pending:
        finished, pending = wait(pending, timeout=_POLL_S, return_when=FIRST_COMPLETED)
        for future in finished:
            future.result()
        yield


@contextmanager
def _raised_on_failure(stop: Any) -> Iterator[None]:
    """Raise the flag for the workers when the block fails, so that leaving the pool is quick."""
    try:
        yield
    except BaseException:
        stop.set()
        raise


def _begin(drawn: Any, stop: Any) -> None:
    end_with_parent()
    global _drawn, _stop
    _drawn, _stop = drawn, stop


def _draw_there(task: DistrictTask) -> DistrictDraft:
    return wander(draw(task, _tick_there), task.seed)


def _tick_there() -> None:
    if _stop.is_set():
        raise Cancelled
    with _drawn.get_lock():
        _drawn.value += 1

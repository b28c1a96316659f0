"""Building the demo city and writing it down as a bundle of files."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely.geometry.base import BaseGeometry

from geodata import codes, coverage, noding, shapes
from geodata.codes import LEVELS
from geodata.demo import checks, drafting, frames, incidents, river, roster, stations
from geodata.demo.district import GRID_DEG, DistrictDraft
from geodata.demo.frames import City
from geodata.demo.recipe import RECIPE_VERSION, CityFacts, Recipe, read_facts
from geodata.demo.sources import Sources, read_sources
from geodata.progress import Progress, Stoppable

MANIFEST = "manifest.json"
CATEGORIES_FILE = Path(__file__).parent / "incident_mix.csv"
_RIM_DEG = 1e-4


@dataclass(frozen=True)
class Manifest:
    """What a bundle holds; written last, so that its presence says the bundle is complete."""

    format: int
    city_code: int
    name: str
    name_en: str
    demo: bool
    seed: int
    districts: list[int] | None
    incident_count: int
    anchor_on: str
    counts: dict[str, int]
    recipe: str
    bbox: list[float]


def build(
    recipe: Recipe, out_dir: Path, progress: Progress, *, sources: Path | None = None
) -> Manifest:
    """Build the city and put it in `out_dir`, in place of what was there.

    Args:
        recipe: what to build.
        out_dir: usually `<data_dir>/city/<name>`; not touched before everything is ready.
        progress: told of each step, may cancel.
        sources: folder of the three source packages, by default `<data_dir>/sources`.

    Raises:
        SourceError: a source is missing; scripts/setup fetches it.
        CityError, CoverageError: the result failed a check; nothing is written.
        Cancelled: the receiver of progress asked to stop; nothing is written.
    """
    facts = read_facts()
    recipe = replace(recipe, anchor_on=recipe.anchor_on or _yesterday(facts))
    source_dir = sources or out_dir.parent.parent / "sources"
    city, found = _drawn(recipe, facts, source_dir, progress)
    with _replacing(out_dir) as folder:
        # What is not about cases needs the interpreter hardly ever: it is done beside them.
        with beside(
            progress,
            lambda steps: _verify(city, recipe, facts, found, steps),
            lambda steps: _write_stations(city, recipe, folder, steps),
            lambda steps: _write_city(city, folder, steps),
        ):
            cases = _write_cases(city, recipe, folder, progress)
        manifest = _manifest(city, recipe, facts, cases)
        text = json.dumps(asdict(manifest), ensure_ascii=False, indent=2)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def make_city(recipe: Recipe, facts: CityFacts, source_dir: Path, progress: Progress) -> City:
    """Draw, dissolve, populate and check the city; writes nothing. Raises as `build`."""
    city, found = _drawn(recipe, facts, source_dir, progress)
    _verify(city, recipe, facts, found, progress)
    return city


def _drawn(
    recipe: Recipe, facts: CityFacts, source_dir: Path, progress: Progress
) -> tuple[City, Sources]:
    progress.step("reading sources", 0, 1)
    found = read_sources(source_dir, facts)
    progress.step("reading sources", 1, 1)
    todo = drafting.tasks(recipe, facts, found)
    drafts = drafting.draw_all(todo, recipe.workers or os.cpu_count() or 1, progress)
    progress.step("joining borders", 0, 1)
    polygons = _joined(drafts, [found.outlines[draft.code] for draft in drafts])
    progress.step("joining borders", 1, 1)
    progress.step("dissolving", 0, 1)
    people = frames.populate(drafts, facts, recipe.seed)
    units = frames.units_frame(drafts, people, polygons)
    city = City(frames.areas_frame(units, drafts, people, found, facts), units)
    progress.step("dissolving", 1, 1)
    return city, found


def _verify(
    city: City, recipe: Recipe, facts: CityFacts, sources: Sources, progress: Progress
) -> None:
    progress.step("checking", 0, 1)
    checks.verify(city, recipe, facts, sources)
    progress.step("checking", 1, 1)


def _joined(drafts: list[DistrictDraft], outlines: list[BaseGeometry]) -> coverage.GeometryArray:
    """The units of all districts, with those where districts meet on borders noded together.

    Borders inside a district are noded already, and come no nearer to another than its outline.
    """
    polygons = np.concatenate([draft.polygons for draft in drafts])
    if len(drafts) == 1:
        return polygons
    points = np.vstack([draft.points for draft in drafts])
    away, near, at_rim = [], [], []
    for draft, outline in zip(drafts, outlines, strict=True):
        rims = shapely.boundary(draft.polygons)
        own = np.zeros(len(rims), dtype=np.bool_)
        own[coverage.near_border(outline, rims, _RIM_DEG)] = True
        at_rim.append(own)
        sides = coverage.sides(rims[own])
        close = np.zeros(len(sides), dtype=np.bool_)
        close[coverage.near_border(outline, sides, _RIM_DEG)] = True
        away.append(noding.node_doubtful(sides[~close], GRID_DEG))
        near.append(sides[close])
    meet = np.concatenate(at_rim)
    lines = np.concatenate([*away, coverage.node(np.concatenate(near), GRID_DEG)])
    whole = shapely.coverage_union_all(outlines)
    polygons[meet] = coverage.faces(lines, points[meet], whole, others=points[~meet]).polygons
    return polygons


def _write_city(city: City, folder: Path, progress: Progress) -> None:
    city.areas.to_parquet(folder / "areas.parquet", compression="zstd")
    city.units.to_parquet(folder / "units.parquet", compression="zstd")
    simplified = []
    for done, level in enumerate(LEVELS):
        own = city.areas[city.areas["level"] == level]
        zooms = shapes.zooms_of(level)
        tick = partial(progress.step, "simplifying", done, len(LEVELS))
        simplified.append(shapes.for_zooms(own, zooms, tick))
    table = gpd.GeoDataFrame(pd.concat(simplified, ignore_index=True), crs=shapes.MAP_CRS)
    table.to_parquet(folder / "shapes.parquet", compression="zstd")
    progress.step("simplifying", len(LEVELS), len(LEVELS))


@contextmanager
def beside(progress: Progress, *works: Callable[[Progress], None]) -> Iterator[None]:
    """Do the works one after the other in a thread beside the block, until both are done.

    Raises:
        Whatever the block raises, after the work in hand came to its next step; or a work.
    """
    steps = Stoppable(progress)
    with ThreadPoolExecutor(max_workers=1) as thread:
        parts = [thread.submit(work, steps) for work in works]
        try:
            yield
            for part in parts:
                part.result()
        finally:
            steps.stop()
            thread.shutdown(wait=False, cancel_futures=True)


def _rng(recipe: Recipe, purpose: int) -> np.random.Generator:
    return np.random.default_rng([recipe.seed, purpose])


def _write_stations(city: City, recipe: Recipe, folder: Path, progress: Progress) -> None:
    """Write stations, roster and river, each from a generator of its own."""
    areas, units = city.areas, city.units
    progress.step("placing stations", 0, 1)
    features = river.schematic(areas, _rng(recipe, 11))
    features.to_parquet(folder / "features.parquet", compression="zstd")
    placed = stations.place(areas, units, _rng(recipe, 12))
    staff = roster.staff(areas, placed, _rng(recipe, 13))
    placed.stations.to_parquet(folder / "stations.parquet", compression="zstd")
    placed.covers.to_parquet(folder / "station_covers.parquet", compression="zstd")
    staff.duty_units.to_parquet(folder / "duty_units.parquet", compression="zstd")
    staff.assignments.to_parquet(folder / "assignments.parquet", compression="zstd")
    progress.step("placing stations", 1, 1)


def _write_cases(city: City, recipe: Recipe, folder: Path, progress: Progress) -> int:
    """Write the cases and their events as they are made, a group of rows each; count cases."""
    categories = pd.read_csv(CATEGORIES_FILE, dtype={"code": "string"})
    anchor_on = recipe.anchor_on
    assert anchor_on is not None
    chance = _rng(recipe, 14)
    parts = incidents.generate(
        city.areas, city.units, categories, recipe.incidents, anchor_on, chance, progress
    )
    with ExitStack() as files, closing(parts):
        writers: dict[str, pq.ParquetWriter] = {}
        count = 0
        for part in parts:
            for name, frame in (("incidents", part.incidents), ("incident_events", part.events)):
                table = pa.Table.from_pandas(frame, preserve_index=False)
                if name not in writers:
                    writer = _writer(folder / f"{name}.parquet", table.schema)
                    writers[name] = files.enter_context(writer)
                writers[name].write_table(table)
            count += len(part.incidents)
    return count


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # Looking for repetitions pays only where there are some.
    few = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=few)


def _manifest(city: City, recipe: Recipe, facts: CityFacts, cases: int) -> Manifest:
    counts = city.areas["level"].value_counts()
    return Manifest(
        format=1,
        city_code=codes.from_division(facts.division),
        name=facts.name,
        name_en=facts.name_en,
        demo=True,
        seed=recipe.seed,
        districts=None if recipe.districts is None else sorted(recipe.districts),
        incident_count=cases,
        anchor_on=str(recipe.anchor_on),
        counts={level.value: int(counts[level]) for level in LEVELS},
        recipe=RECIPE_VERSION,
        bbox=[float(edge) for edge in city.areas.total_bounds],
    )


def _yesterday(facts: CityFacts) -> date:
    return datetime.now(ZoneInfo(facts.timezone)).date() - timedelta(days=1)


@contextmanager
def _replacing(out_dir: Path) -> Iterator[Path]:
    """A fresh folder beside `out_dir` that takes its place when the block ends well.

    What a killed build left behind is swept away by the next one; two builds into the same folder
    at the same time are not provided for.
    """
    fresh = out_dir.with_name(f".{out_dir.name}.new")
    old = out_dir.with_name(f".{out_dir.name}.old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        yield fresh
        if out_dir.exists():
            out_dir.rename(old)
        fresh.rename(out_dir)
    finally:
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)

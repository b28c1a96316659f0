"""The demo city on this machine: built once, loaded when no city is there."""

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from app.city import bundle, loading, queries
from app.city.errors import BundleError, DemoError
from app.city.report import LoadReport
from app.core.clock import utc_now
from app.core.db import reading
from app.core.errors import Problem
from app.places import versions
from geodata import coverage, demo
from geodata.demo import Recipe
from geodata.demo.checks import CityError
from geodata.demo.recipe import RECIPE_VERSION
from geodata.progress import Progress

LOOK_AGAIN_S = 0.5


@dataclass(frozen=True)
class Places:
    """Where the demo's files are under a data directory."""

    data_dir: Path

    @property
    def cities(self) -> Path:
        """The folder of all bundles."""
        return self.data_dir / "city"

    @property
    def sources(self) -> Path:
        """The folder of the packages from which the demo is made; scripts/setup fills it."""
        return self.data_dir / "sources"

    def bundle(self, name: str) -> Path:
        """The folder of one bundle."""
        return self.cities / name


def build(places: Places, name: str, recipe: Recipe, progress: Progress, *, force: bool) -> bool:
    """Build the bundle unless the same one is there.

    Returns:
        Whether it was built.

    Raises:
        BundleError: a bundle of another recipe is there, and `force` is not set.
        DemoError: a source is missing, or the result failed its checks.
        Cancelled: nothing was changed.
    """
    folder = places.bundle(name)
    with _turn(places):
        if bundle.is_complete(folder) and not force:
            if not _is_of(bundle.read_manifest(folder), recipe):
                raise BundleError(
                    f"{folder} holds a city of another recipe. Build it anew with --force, or"
                    " beside it with --name."
                )
            return False
        _build(places, folder, recipe, progress)
        return True


def ensure(engine: Engine, places: Places, name: str, progress: Progress) -> LoadReport | None:
    """Build and load the demo city if no city is loaded; None if one is.

    A bundle that is half there, unreadable or of an older recipe is built anew. Two callers at once
    take turns, and the second finds the city of the first.

    Raises:
        BundleError, DemoError, Cancelled, SQLAlchemyError: and no city is loaded.
    """
    with _turn(places):
        with reading(engine) as session:
            if queries.loaded_city(session) is not None:
                return None
        folder = places.bundle(name)
        if not _is_current(folder):
            _build(places, folder, Recipe(), progress)
        try:
            return _load(engine, folder, progress)
        except BundleError:
            # Its files are not what its manifest says: a disk that was full, a hand that slipped.
            shutil.rmtree(folder)
            _build(places, folder, Recipe(), progress)
            return _load(engine, folder, progress)


def _load(engine: Engine, folder: Path, progress: Progress) -> LoadReport | None:
    """Load the bundle; None where a server of another machine did so meanwhile."""
    while True:
        with reading(engine) as session:
            if queries.loaded_city(session) is not None:
                return None
        try:
            return loading.load_bundle(engine, folder, progress, utc_now())
        except Problem as problem:
            if problem.slug != versions.BUSY:
                raise
        progress.step("wait for another server", 0, 1)
        time.sleep(LOOK_AGAIN_S)


def _build(places: Places, folder: Path, recipe: Recipe, progress: Progress) -> None:
    try:
        demo.build(recipe, folder, progress, sources=places.sources)
    except (demo.SourceError, CityError, coverage.CoverageError, ValueError) as error:
        raise DemoError(f"The demo city cannot be built: {error}") from error


def _is_current(folder: Path) -> bool:
    return bundle.is_complete(folder) and bundle.read_manifest(folder).recipe == RECIPE_VERSION


def _is_of(manifest: bundle.Manifest, recipe: Recipe) -> bool:
    districts = None if recipe.districts is None else tuple(sorted(recipe.districts))
    return (manifest.recipe, manifest.seed, manifest.incident_count, manifest.districts) == (
        RECIPE_VERSION,
        recipe.seed,
        recipe.incidents,
        districts,
    )


@contextmanager
def _turn(places: Places) -> Iterator[None]:
    # The lock goes with its process, so a killed builder bars nobody's way.
    places.cities.mkdir(parents=True, exist_ok=True)
    with (places.cities / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

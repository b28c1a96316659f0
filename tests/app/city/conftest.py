"""What tests of the city stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine

from app.core.db import make_engine
from tests.app.city.samples import Importer, Samples
from tests.conftest import TestCluster


@pytest.fixture
def samples(test_city_bundle: Path, tmp_path: Path) -> Samples:
    """Files as a surveying office would send them."""
    return Samples(test_city_bundle, tmp_path)


@pytest.fixture
def engine(database: URL) -> Iterator[Engine]:
    """An engine over a test's own clone of the demo city."""
    engine = make_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture
def empty_engine(empty_database: URL) -> Iterator[Engine]:
    """An engine over a database without a city."""
    engine = make_engine(empty_database)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def real_city(
    cluster: TestCluster,
    empty_template: str,
    test_city_bundle: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The name of a database with a real city: areas and cells imported from files."""
    name = cluster.clone(empty_template)
    engine = make_engine(cluster.url(name))
    samples = Samples(test_city_bundle, tmp_path_factory.mktemp("files"))
    take = Importer(engine)
    for report in (
        take("areas", samples.geopackage(samples.areas)),
        take("cells", samples.geojson(samples.cells)),
    ):
        assert report.fits, report
    engine.dispose()
    yield name
    cluster.drop(name)


@pytest.fixture
def engine_of_real_city(cluster: TestCluster, real_city: str) -> Iterator[Engine]:
    """An engine over a test's own clone of the real city."""
    name = cluster.clone(real_city)
    engine = make_engine(cluster.url(name))
    yield engine
    engine.dispose()
    cluster.drop(name)


@pytest.fixture
def take(engine_of_real_city: Engine) -> Importer:
    """Imports into a test's own clone of the real city."""
    return Importer(engine_of_real_city)

"""One server for the tests of the stream that do it no harm."""

from collections.abc import Iterator

import pytest

from tests.conftest import TestCluster
from tests.server import ServerProcess, serving


@pytest.fixture(scope="package")
def shared_server(cluster: TestCluster, empty_template: str) -> Iterator[ServerProcess]:
    """`minqing serve` over a database without a city: events come straight from the outbox."""
    name = cluster.clone(empty_template)
    with serving(cluster.url(name)) as server:
        yield server
    cluster.drop(name)

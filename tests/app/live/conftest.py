"""One server for the tests of the stream that do it no harm."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import URL

from tests.conftest import TestCluster
from tests.server import ServerProcess, serving


@pytest.fixture(scope="package")
def shared_server(cluster: TestCluster, empty_template: str) -> Iterator[ServerProcess]:
    """`minqing serve` over a database without a city: events come straight from the outbox."""
    name = cluster.clone(empty_template)
    with serving(cluster.url(name), MINQING_DEMO="0") as server:
        yield server
    cluster.drop(name)


@pytest.fixture
def start_bare_server() -> Iterator[Callable[[URL], ServerProcess]]:
    """Starts servers over databases that need no city; all are stopped when the test ends."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(serving(url, MINQING_DEMO="0"))

"""A planner of the test's district, and their own way to the server."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine

from app.core.db import make_engine
from app.identity.rules import Role
from tests import staff
from tests.e2e.desk import DISTRICT, PLANNER
from tests.server import ServerProcess


@pytest.fixture
def engine(server: ServerProcess) -> Iterator[Engine]:
    """The server's database, with a planner's account in it."""
    engine = make_engine(server.database_url)
    staff.add_account(engine, PLANNER, Role.PLANNER, DISTRICT)
    yield engine
    engine.dispose()


@pytest.fixture
def api(server: ServerProcess, engine: Engine) -> Iterator[httpx.Client]:
    """The planner's own way to the server, to hold the page against."""
    headers = staff.headers_of(engine, PLANNER)
    with httpx.Client(base_url=f"{server.base_url}/api/v1", headers=headers) as client:
        yield client

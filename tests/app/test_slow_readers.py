"""Whoever reads an answer slowly, or never, holds no connection of the database."""

from contextlib import ExitStack

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.context import Context
from app.core.db import POOL_SIZE, reading, wait_as_long_as_it_takes
from app.incidents.intake import quick
from app.live import connection as live
from app.maps import follow
from tests import staff
from tests.app.planning.written import add_plan
from tests.raw_socket import SMALL_WINDOW_BYTES, RawSocket
from tests.server import ServerProcess
from tiles import pool as tile_pool

MORE_THAN_CONNECTIONS = 2 * POOL_SIZE + 4


def test_readers_of_a_file_who_do_not_read(own_context: Context, server: ServerProcess) -> None:
    """More of them than there are connections, one after the other: each is sent its file, and a
    list is still given."""
    plan_id = add_plan(own_context.engine)
    headers = staff.headers_for(server.base_url)
    with ExitStack() as stack:
        readers = []
        for _ in range(MORE_THAN_CONNECTIONS):
            reader = RawSocket(server.base_url, window_bytes=SMALL_WINDOW_BYTES)
            readers.append(stack.enter_context(reader))
            reader.ask(f"/api/v1/plans/{plan_id}/moves.gpkg", headers | {"Connection": "close"})
            assert reader.status() == 200
        assert staff.get(f"{server.base_url}/api/v1/plans").status_code == 200
        # They were being sent it all the while: the kernel keeps less than the file for them.
        whole = {len(reader.rest()) for reader in readers}
        assert min(whole) > 500_000


@pytest.mark.parametrize(
    "options",
    [follow.OPTIONS, live.OPTIONS, quick.OPTIONS, tile_pool.OPTIONS],
    ids=["follower", "live", "reports", "tiles"],
)
def test_a_transaction_in_which_nothing_happens_is_ended(context: Context, options: str) -> None:
    """On the connections that are made without the engine, too."""
    with psycopg.connect(context.conninfo, options=options) as connection:
        row = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
    with reading(context.engine) as session:
        of_engine = session.scalar(text("SHOW idle_in_transaction_session_timeout"))
    assert row == (of_engine,) == ("1min",)


def test_whoever_computes_long_says_so(context: Context) -> None:
    """Until the end of that transaction, and no longer."""
    shown = text("SHOW idle_in_transaction_session_timeout")
    with Session(context.engine) as session:
        wait_as_long_as_it_takes(session)
        assert session.scalar(shown) == "0"
        session.rollback()
        assert session.scalar(shown) == "1min"

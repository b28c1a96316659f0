"""A server over a city of many cases answers before it has read them, and says so."""

import psycopg
from sqlalchemy import URL
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import conninfo
from app.main import create_app
from tests import staff
from tests.app.maps import picture
from tests.waiting import wait_until

# As ANALYZE would leave it in a city of two million.
MANY = """
    UPDATE pg_class SET reltuples = 200000 WHERE oid IN
        (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'public.incident'::regclass)
"""


def test_areas_are_shown_while_the_cases_are_read(own_context: Context, database: URL) -> None:
    cell = picture.rows(database, "SELECT ST_X(label), ST_Y(label), code FROM published.cell")[0]
    tile = picture.tile_at(cell[0], cell[1], 14)
    with psycopg.connect(conninfo(database)) as writer:
        writer.execute(MANY)
        writer.commit()
        # Holds the view from which cases are read, and nothing else.
        writer.execute("ALTER VIEW published.incident SET (security_invoker = true)")
        app = create_app(own_context)
        with TestClient(app, base_url="http://127.0.0.1") as client:
            staff.sign_in(client)
            answer = client.get("/readyz")
            assert answer.status_code == 503
            assert "cases" in answer.json()["detail"]
            shown = picture.features(client, "cells", tile)
            assert cell[2] in {one["properties"]["code"] for one in shown}
            writer.rollback()
            wait_until(lambda: client.get("/readyz").status_code == 200)
            count = picture.rows(database, "SELECT count(*) FROM incident")[0][0]
            assert len(app.state.maps.store.snapshot.columns) == count

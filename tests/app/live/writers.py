"""Writers of the outbox, for tests of the stream alone."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import URL

from app.core.audiences import Audience
from app.core.db import conninfo

TOPIC = "incident.reported"
CELL = 620111001001001
TELL = "INSERT INTO outbox (topic, area_code, audience, payload) VALUES (%s, %s, %s, %s)"


def connect(url: URL) -> psycopg.Connection[Any]:
    """An autocommit connection to a test's database."""
    return psycopg.connect(conninfo(url), autocommit=True)


def tell(
    connection: psycopg.Connection[Any],
    area_code: int = CELL,
    *,
    topic: str = TOPIC,
    audience: Audience = Audience.CASES,
    **payload: object,
) -> None:
    """Put one event into the outbox."""
    connection.execute(TELL, (topic, area_code, audience, Jsonb(payload)))


def tell_from_many(url: URL, writers: int, events: int) -> None:
    """Many writers at once, one event a transaction, some with a pause before their commit or a
    rolled-back attempt in between, so that numbers are handed out in another order than committed.

    Payload: `writer`, `nth` (from 0).
    """

    def write(writer: int) -> None:
        rng = np.random.default_rng(writer)
        with connect(url) as connection:
            for nth in range(events):
                if rng.random() < 0.02:
                    with connection.transaction(force_rollback=True):
                        tell(connection, writer=writer, nth=-1)
                with connection.transaction():
                    tell(connection, writer=writer, nth=nth)
                    if rng.random() < 0.05:
                        connection.execute("SELECT pg_sleep(0.005)")

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))

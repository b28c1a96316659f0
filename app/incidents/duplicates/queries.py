"""SQL of duplicates: what was reported around a place."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.scope import clipped
from app.incidents.models import IS_OPEN_SQL
from app.incidents.queries import Rows


def open_near(
    session: Session,
    window: tuple[float, float, float, float],
    since: datetime,
    until: datetime,
    most: int,
) -> Rows:
    """Open cases in a window (west, south, east, north in degrees, EPSG:4326) that happened in a
    time (UTC), the nearest to its middle first."""
    west, south, east, north = window
    return session.execute(
        text(f"""
            SELECT id, no, title, description, category, status, reported_at, occurred_at,
                   ST_X(geom) AS lon, ST_Y(geom) AS lat, cell_code
            FROM incident
            WHERE geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
              AND {IS_OPEN_SQL} AND cell_code BETWEEN :lo AND :hi
              AND occurred_at BETWEEN :since AND :until
            ORDER BY geom <-> ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), no LIMIT :most
        """),  # noqa: S608 (words of our own)
        dict(
            zip(("lo", "hi"), clipped(session, (0, 10**15)), strict=True),
            west=west, south=south, east=east, north=north, since=since, until=until, most=most,
            lon=(west + east) / 2, lat=(south + north) / 2,
        ),
    ).all()  # fmt: skip

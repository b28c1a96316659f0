"""A centre that warns: a key, and warnings as it sends them."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from app.core.db import reading
from app.identity import keys

DISTRICT = 620_111_000_000_000


def add_key(engine: Engine, area: int = DISTRICT, name: str = "centre") -> dict[str, str]:
    """The header of a new key."""
    return {keys.HEADER: keys.add_key(engine, name, area)}


def place_in(engine: Engine, area: int, nth: int = 0) -> tuple[float, float, int]:
    """A place (degrees, EPSG:4326) off the middle of a cell of an area, and the cell's code."""
    with reading(engine) as session:
        row = session.execute(
            text(
                "SELECT code, ST_X(p) AS lon, ST_Y(p) AS lat FROM (SELECT code,"
                " ST_GeometryN(ST_GeneratePoints(geom, 1, 7), 1) AS p FROM area"
                " WHERE level = 'cell' AND code BETWEEN :lo AND :hi) c"
                " ORDER BY code OFFSET :nth LIMIT 1"
            ),
            {"lo": area, "hi": area + 10 ** (len(str(area)) - len(str(area).rstrip("0"))) - 1,
             "nth": nth},
        ).one()  # fmt: skip
    # Seven digits: rounded as senders do, and long enough to be looked for.
    return round(row.lon, 7), round(row.lat, 7), row.code


def a_warning(engine: Engine, area: int = DISTRICT, nth: int = 0, **words: Any) -> dict[str, Any]:
    """The body of a warning in an area."""
    lon, lat, _ = place_in(engine, area, nth)
    detected_at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {
        "id": str(uuid4()), "category": "1102", "lon": lon, "lat": lat, "risk": 3,
        "detected_at": detected_at, **words,
    }  # fmt: skip


def send(client: TestClient, body: dict[str, Any], key: dict[str, str]) -> Any:
    """Send it as the centre does: without a session."""
    return TestClient(client.app, base_url="http://127.0.0.1").post(
        "/api/v1/warnings", json=body, headers=key
    )

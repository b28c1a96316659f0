"""Cases with a word that nobody beyond their area may ever read, and posts of every kind."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import writing
from app.identity.rules import Role
from app.main import create_app
from geodata import codes
from tests import staff
from tests.conftest import addresses

CANARY = "金丝雀"


def places(engine: Engine) -> dict[str, int]:
    """A community, and codes in each relation to it: own, child, parent, sibling, other."""
    with writing(engine) as session:
        rows = session.scalars(
            text("SELECT code FROM area WHERE level = 'community' ORDER BY code")
        ).all()
        own = rows[0]
        parent = codes.parent_of(own)
        sibling = next(code for code in rows[1:] if codes.parent_of(code) == parent)
        other = rows[-1]
        child = session.scalar(text("SELECT min(code) FROM area WHERE parent_code = :c"),
                               {"c": own})  # fmt: skip
    return {"own": own, "child": child, "parent": parent, "sibling": sibling, "other": other}


def a_case(code: int, engine: Engine, word: str) -> dict[str, object]:
    """A report at the label of a cell of that area."""
    lo, hi = codes.code_range(code)
    with writing(engine) as session:
        row = session.execute(
            text("SELECT ST_X(label) AS lon, ST_Y(label) AS lat FROM area"
                 " WHERE level = 'cell' AND code BETWEEN :lo AND :hi ORDER BY code LIMIT 1"),
            {"lo": lo, "hi": hi},
        ).one()  # fmt: skip
    return {
        "id": str(uuid4()), "category": "0110", "title": word, "description": word * 2,
        "lon": row.lon, "lat": row.lat, "source": "patrol",
    }  # fmt: skip


@contextmanager
def client_of(context: Context, name: str | None) -> Iterator[TestClient]:
    """The app, signed in as that account; None: as nobody."""
    # A process of its own would have a context of its own; its end disposes of the engine.
    own = Context.open(context.settings, *addresses(context.url))
    with TestClient(create_app(own), base_url="http://127.0.0.1") as client:
        if name is not None:
            staff.sign_in(client, name)
        yield client


ROLES = list(Role)

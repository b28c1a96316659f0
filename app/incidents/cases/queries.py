"""SQL of one case whole, and of steps that are written to it (app/sql/57_steps.sql)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.audiences import Audience
from app.core.scope import clipped
from app.incidents.cases.whole import LoggedStep, WholeCase, of_json

EVERYWHERE = (0, 10**15)
_WHOLE = text(
    "SELECT whole_case(:case_id, CAST(:case_no AS bigint), :as_of, :held, :lo, :hi,"
    " CAST(:unit AS bigint), CAST(:post AS bigint))"
)
_WRITE = text(
    "SELECT write_steps(:no, :reported_at, CAST(:steps AS jsonb), CAST(:standing AS jsonb),"
    " CAST(:reading AS jsonb), :topic, :audience, CAST(:payload AS jsonb))"
)


def whole_case(
    session: Session,
    as_of: datetime,
    *,
    case_id: UUID | None = None,
    no: int | None = None,
    held: bool = False,
    unit_id: int | None = None,
    post: int | None = None,
) -> WholeCase | None:
    """A case as of a minute (UTC), in one round trip; None where the session's scope has none, or
    it was not reported by then.

    Args:
        case_id, no: one of them says which case.
        held: hold it until the transaction ends, and read its log to the end.
        unit_id, post: a unit and an area that a step which is about to be taken names.
    """
    lo, hi = clipped(session, EVERYWHERE)
    words = {
        "case_id": case_id,
        "case_no": no,
        "as_of": as_of,
        "held": held,
        "lo": lo,
        "hi": hi,
        "unit": unit_id,
        "post": post,
    }
    found = session.scalar(_WHOLE, words)
    return None if found is None else of_json(found)


def write_steps(
    session: Session,
    case: WholeCase,
    steps: Sequence[LoggedStep],
    *,
    standing: Mapping[str, Any],
    reading: Mapping[str, Any] | None,
    topic: str,
    payload: Mapping[str, Any],
) -> dict[str, float]:
    """Write steps of a case that is held, all taken at one instant, and one event; one round trip.

    Args:
        case: as it was before them.
        steps: at least one.
        standing: `status`, `closed_at`, `tier` and `unit_id` after the last one.
        reading: a row of `case_now`; None for a case that is open no more.
        payload: of the event, but for the place.

    Returns:
        `lon`, `lat` (degrees, EPSG:4326) and `location_uncertainty_m` of the case after them.
    """
    lines = [{"no": case.no, "cell_code": case.row_cell, **vars(step)} for step in steps]
    outbox.wake_after(session)
    found = session.execute(
        _WRITE,
        {
            "no": case.no,
            "reported_at": case.reported_at,
            "steps": orjson.dumps(lines).decode(),
            "standing": orjson.dumps(standing).decode(),
            "reading": None if reading is None else orjson.dumps(reading).decode(),
            "topic": topic,
            "audience": Audience.CASES.value,
            "payload": orjson.dumps(payload, option=orjson.OPT_NON_STR_KEYS).decode(),
        },
    ).scalar_one()
    return {name: float(value) for name, value in found.items()}

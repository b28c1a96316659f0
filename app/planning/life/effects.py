"""What publishing a plan did, read off the boundaries at any time after."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.scope import clipped
from app.planning.models import Plan
from app.planning.schemas import Effects
from geodata import codes

_CELLS = text("""
SELECT code, bool_or(lower(valid) = :at) AS begun, bool_or(upper(valid) = :at) AS ended
FROM area WHERE level = 'cell' AND code BETWEEN :lo AND :hi
  AND (lower(valid) = :at OR upper(valid) = :at)
GROUP BY code ORDER BY code
""")
_WITHOUT_WORKER = text("""
SELECT code FROM unnest(CAST(:cells AS bigint[])) code
WHERE NOT EXISTS (SELECT FROM assignment a WHERE a.area_code = code AND upper_inf(a.valid))
ORDER BY code
""")
_FREED = text("""
SELECT DISTINCT u.call_sign FROM assignment a JOIN duty_unit u ON u.id = a.unit_id
WHERE a.area_code = ANY (:cells) AND upper(a.valid) = :at AND upper_inf(u.valid)
  AND NOT EXISTS (
    SELECT FROM assignment other WHERE other.unit_id = a.unit_id AND upper_inf(other.valid))
ORDER BY u.call_sign
""")
_OPEN_CASES = text("""
SELECT count(*) FROM incident i JOIN incident_status s USING (status)
WHERE s.is_open AND i.cell_code = ANY (:cells) AND i.cell_code BETWEEN :lo AND :hi
""")


def of(session: Session, plan: Plan) -> Effects | None:
    """The effects of a published plan; None of any other."""
    at: datetime | None = plan.published_at
    if at is None:
        return None
    lo, hi = clipped(session, codes.code_range(plan.area_code))
    area = {"lo": lo, "hi": hi}
    cells = session.execute(_CELLS, {**area, "at": at}).all()
    opened = [cell.code for cell in cells if cell.begun and not cell.ended]
    gone = [cell.code for cell in cells if cell.ended and not cell.begun]
    return Effects(
        changed_cells=[cell.code for cell in cells if cell.begun and cell.ended],
        new_cells=opened,
        dissolved_cells=gone,
        needs_worker=list(session.scalars(_WITHOUT_WORKER, {"cells": opened})),
        freed_units=list(session.scalars(_FREED, {"cells": gone, "at": at})),
        open_cases=session.scalar(_OPEN_CASES, {**area, "cells": gone}) or 0,
    )

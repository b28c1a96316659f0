"""SQL of what a plan means for those who answer for its cells. Call signs, never persons."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

Rows = Sequence[Row[*tuple[Any, ...]]]

_ENDING = text("""
SELECT u.call_sign, u.role, a.area_code, a.duty,
       NOT EXISTS (SELECT FROM assignment o WHERE o.unit_id = a.unit_id AND o.valid @> :at
                   AND NOT o.area_code = ANY (:cells)) AS idle
FROM assignment a JOIN duty_unit u ON u.id = a.unit_id
WHERE a.area_code = ANY (:cells) AND a.valid @> :at AND u.valid @> :at
ORDER BY a.area_code, u.call_sign, a.duty
""").columns()
_WORKED = text("""
SELECT DISTINCT a.area_code FROM assignment a JOIN duty_unit u ON u.id = a.unit_id
WHERE a.area_code = ANY (:cells) AND a.valid @> :at AND u.valid @> :at
""")
_RULES = text("""
SELECT s.area_code, s.area_kind, s.role, s.required, s.present
FROM published.staffing(:at) s WHERE s.area_code = ANY (:communities)
ORDER BY s.area_code, s.role
""")


def ending(session: Session, cells: list[int], at: datetime) -> Rows:
    """Assignments that would end with these cells: `call_sign`, `role`, `area_code`, `duty`, and
    `idle`: whether the unit would be left without any."""
    return session.execute(_ENDING, {"cells": cells, "at": at}).all()


def worked(session: Session, cells: list[int], at: datetime) -> set[int]:
    """Those of the cells for which somebody answers."""
    return set(session.scalars(_WORKED, {"cells": cells, "at": at}))


def rules(session: Session, communities: list[int], at: datetime) -> Rows:
    """How the staffing rule stands in communities: a row a community and role."""
    return session.execute(_RULES, {"communities": communities, "at": at}).all()

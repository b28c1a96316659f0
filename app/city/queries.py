"""SQL of loading: vocabularies, and whole files through COPY."""

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.dispatch.models import StaffingRule
from app.dispatch.rules import REQUIRED_STAFF
from app.incidents.models import IncidentStatus
from app.incidents.rules import STAGE_OF, Stage, is_open


def write_vocabularies(session: Session) -> None:
    """Write the states and the staffing rule as the rules have them, so that SQL can join them."""
    stages = list(Stage)
    states = [
        {
            "status": status.value,
            "stage": stage.value,
            "stage_ordinal": stages.index(stage),
            "is_open": is_open(status),
        }
        for status, stage in STAGE_OF.items()
    ]
    rules = [
        {"area_kind": kind, "role": role.value, "required": required}
        for kind, roles in REQUIRED_STAFF.items()
        for role, required in roles.items()
    ]
    session.execute(text("DELETE FROM staffing_rule"))
    session.execute(insert(StaffingRule), rules)
    states_insert = insert(IncidentStatus)
    session.execute(
        states_insert.on_conflict_do_update(
            index_elements=["status"],
            set_={
                "stage": states_insert.excluded.stage,
                "stage_ordinal": states_insert.excluded.stage_ordinal,
                "is_open": states_insert.excluded.is_open,
            },
        ),
        states,
    )

"""How often a step goes to the database and back: it is taken by one read and one write."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, event, text

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.identity import service as identity
from app.identity.rules import Actor, Role
from app.identity.service import scope_of
from app.incidents.cases.schemas import NewIncident
from app.incidents.intake import service as intake
from app.incidents.reading.checking import differences
from app.incidents.rules import Source, Status, Step
from app.incidents.steps import carrying
from app.incidents.steps import service as steps
from app.incidents.steps.schemas import TakenStep
from geodata import codes
from tests import staff
from tests.app.incidents.crew import Crew

ORDINARY = ["register", "assign", "acknowledge", "handle", "hand_back", "check", "close"]
MOST = 6
"""Round trips of one step: begin, who asks, read, write, commit; one to spare."""


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Everything that is sent to the database inside the block, beginnings and ends too."""
    sent: list[str] = []

    def statement(*given: object) -> None:
        sent.append(str(given[2]))

    def begin(_: object) -> None:
        sent.append("BEGIN")

    def commit(_: object) -> None:
        sent.append("COMMIT")

    hooks = (("before_cursor_execute", statement), ("begin", begin), ("commit", commit))
    for name, hook in hooks:
        event.listen(engine, name, hook)
    yield sent
    for name, hook in hooks:
        event.remove(engine, name, hook)


@pytest.fixture
def crew(own_context: Context) -> Crew:
    """A cell, and who may be sent there."""
    return Crew.around_a_cell("", own_context.engine)


@pytest.fixture
def desk(own_context: Context, crew: Crew) -> Actor:
    """The duty officer of the cell's workstation."""
    engine = own_context.engine
    area = codes.parent_of(crew.cell)
    assert area is not None
    staff.add_account(engine, "desk", Role.DUTY_OFFICER, area)
    with writing(engine) as session:
        account = session.scalar(text("SELECT id FROM account WHERE name = 'desk'"))
        token = identity.open_session(session, int(account or 0))
    found = identity.actor_of(engine, token)
    assert found is not None
    return found


def reported(engine: Engine, crew: Crew) -> UUID:
    """A new case."""
    new = NewIncident(id=uuid4(), category="0110", title="路边暴露生活垃圾", lon=crew.lon,
                      lat=crew.lat, source=Source.PATROL)  # fmt: skip
    with writing(engine) as session:
        intake.report(session, new, utc_now(), demo=True)
    return new.id


def test_one_step(own_context: Context, crew: Crew, desk: Actor) -> None:
    """Registered, assigned and acknowledged by a desk, in its own scope."""
    engine = own_context.engine
    case_id = reported(engine, crew)
    for given in (
        TakenStep(step=Step.REGISTER),
        TakenStep(step=Step.ASSIGN, unit_id=crew.unit("workstation")),
        TakenStep(step=Step.ACKNOWLEDGE),
    ):
        own = own_context.request_engine
        with counted(own) as sent, writing(own, scope_of(desk)) as session:
            detail = steps.take_step(session, case_id, given, desk, utc_now())
        assert detail.timeline[-1].step == given.step
        assert len(sent) <= MOST, sent


def test_all_steps_at_once(own_context: Context, crew: Crew) -> None:
    """From reported to closed: seven lines of the log in one write, and one event."""
    engine = own_context.engine
    case_id = reported(engine, crew)
    with reading(engine) as session:
        no = session.scalar(text("SELECT no FROM report_receipt WHERE id = :id"), {"id": case_id})
    with counted(engine) as sent, writing(engine) as session:
        carrying.carry(session, int(no or 0), Status.CLOSED, utc_now(), actor=None)
    assert len(sent) <= MOST, sent
    with reading(engine) as session:
        log = session.scalars(
            text("SELECT step FROM incident_event WHERE no = :no ORDER BY ordinal"), {"no": no}
        ).all()
        told = session.scalars(
            text("SELECT payload FROM outbox WHERE topic = 'incident.changed'"
                 " AND payload ->> 'no' = :no"), {"no": str(no)},
        ).all()  # fmt: skip
    assert differences(engine) == []
    assert log == ["report", *ORDINARY]
    assert [(event["status"], event["step"], event["steps"]) for event in told] == [
        ("closed", "close", ORDINARY)
    ]

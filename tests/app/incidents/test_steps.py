"""The life cycle: what may follow what, and a case moved through it on a real database."""

import threading
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.core.errors import Problem
from app.incidents.cases import service as cases
from app.incidents.cases.schemas import NewIncident
from app.incidents.intake import service
from app.incidents.lifecycle.rules import tier_after
from app.incidents.lifecycle.transitions import steps_after
from app.incidents.rules import Status, Step, Tier
from app.incidents.steps import service as steps
from geodata.demo import lifecycle as lifecycle_of_demo

ORDINARY = (
    Step.REGISTER,
    Step.ASSIGN,
    Step.ACKNOWLEDGE,
    Step.HANDLE,
    Step.HAND_BACK,
    Step.CHECK,
    Step.CLOSE,
)


def test_the_demo_city_lives_by_the_same_rules() -> None:
    """Each step that the demo's cases take is one that the server would have allowed."""
    for before, after in lifecycle_of_demo.FOLLOWS.items():
        status = Status(lifecycle_of_demo.STATUS_AFTER[before])
        assert {Step(step) for step in after} <= set(steps_after(status))


@given(st.sampled_from(Tier), st.sampled_from(Step))
def test_a_case_never_sinks(tier: Tier, step: Step) -> None:
    """Tiers only go up."""
    order = list(Tier)
    assert order.index(tier_after(tier, step)) >= order.index(tier)


def _report(context: Context) -> int:
    with reading(context.engine) as session:
        lon, lat = session.execute(
            text("SELECT ST_X(label), ST_Y(label) FROM area WHERE level = 'cell' LIMIT 1")
        ).one()
    new = NewIncident(
        id=uuid4(), category="0110", title="路边暴露生活垃圾", lon=lon, lat=lat, source="patrol"
    )
    with writing(context.engine) as session:
        taken = service.report(session, new, utc_now(), demo=True)
    return taken.incident.no


def test_a_case_from_report_to_close(own_context: Context) -> None:
    """Log, projection and outbox agree at every step."""
    no = _report(own_context)
    for step in ORDINARY:
        with writing(own_context.engine) as session:
            detail = steps.advance(session, no, step, utc_now())
        assert detail.timeline[-1].step is step
        assert detail.timeline[-1].status is detail.status
    assert detail.status is Status.CLOSED
    assert detail.closed_at == detail.timeline[-1].at
    assert [line.ordinal for line in detail.timeline] == list(range(1, 9))
    assert detail.timeline[-1].tier is Tier.WORKSTATION
    with reading(own_context.engine) as session:
        told = session.execute(
            text("SELECT payload->>'step', payload->>'status' FROM outbox"
                 " WHERE topic = 'incident.changed' ORDER BY id")
        ).all()  # fmt: skip
        stored = session.execute(
            text("SELECT status, closed_at FROM incident WHERE no = :no"), {"no": no}
        ).one()
    assert [(Step(step), Status(status)) for step, status in told] == [
        (line.step, line.status) for line in detail.timeline[1:]
    ]
    assert tuple(stored) == ("closed", detail.closed_at)


@pytest.mark.parametrize(
    ("step", "reason", "status", "field"),
    [(Step.CLOSE, None, 409, "step"), (Step.REPORT, None, 409, "step"),
     (Step.REFUSE, None, 422, "reason"), (Step.REFUSE, "", 422, "reason")],
)  # fmt: skip
def test_a_refused_step_leaves_no_trace(
    own_context: Context, step: Step, reason: str | None, status: int, field: str
) -> None:
    """Neither in the log nor on the stream."""
    no = _report(own_context)
    with pytest.raises(Problem) as refused, writing(own_context.engine) as session:
        steps.advance(session, no, step, utc_now(), reason)
    assert (refused.value.status, refused.value.errors[0].field) == (status, field)
    with reading(own_context.engine) as session:
        detail = cases.get_incident_by_no(session, no, utc_now())
    assert len(detail.timeline) == 1


def test_who_carries_a_case_is_as_the_log_says(context: Context) -> None:
    """Of every case that was loaded: the row is what its last step left."""
    with reading(context.engine) as session:
        wrong = session.scalar(
            text("SELECT count(*) FROM incident i CROSS JOIN LATERAL (SELECT tier, status FROM"
                 " incident_event e WHERE e.no = i.no ORDER BY ordinal DESC LIMIT 1) e"
                 " WHERE (i.tier, i.status) <> (e.tier, e.status)")
        )  # fmt: skip
        tiers = set(session.scalars(text("SELECT DISTINCT tier FROM incident")))
    assert wrong == 0
    assert len(tiers) >= 4


def test_an_unknown_number_is_not_found(own_context: Context) -> None:
    """404, as everywhere."""
    with pytest.raises(Problem) as refused, writing(own_context.engine) as session:
        steps.advance(session, 999_999_999, Step.REGISTER, utc_now())
    assert refused.value.status == 404


def test_two_at_once_take_turns(own_context: Context) -> None:
    """Both want to register: one does, the other is refused by the state it then finds."""
    no = _report(own_context)
    gate = threading.Barrier(8)
    outcomes: list[int] = []

    def register() -> None:
        gate.wait()
        try:
            with writing(own_context.engine) as session:
                steps.advance(session, no, Step.REGISTER, utc_now())
            outcomes.append(200)
        except Problem as refused:
            outcomes.append(int(refused.status))

    threads = [threading.Thread(target=register) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [200] + [409] * 7

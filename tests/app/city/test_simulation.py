"""What the simulation makes up: lawful, repeatable, livelier by day than by night."""

from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest

from app.city.simulation import BURST_CATEGORIES, Simulation, Site
from app.cli import service_session
from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.incidents import queries
from app.incidents.cases import service as cases
from app.incidents.cases.schemas import NewIncident
from app.incidents.lifecycle.transitions import STATUS_AFTER
from app.incidents.rules import Status, is_open
from app.warnings import service as warnings
from app.warnings.rules import WarningStep
from app.warnings.schemas import NewWarning, TakenWarningStep

NOON = datetime(2026, 6, 15, 2, 30, tzinfo=UTC)
NIGHT = datetime(2026, 6, 14, 19, 30, tzinfo=UTC)
SITES = (
    Site("0110", 103.80, 36.06, "张掖路社区", urban=True),
    Site("1001", 104.10, 35.85, "范家营村", urban=False),
)


def _simulation(seed: int = 1) -> Simulation:
    return Simulation(SITES, 6.0, np.random.default_rng(seed))


def test_every_report_is_one_the_server_would_take() -> None:
    """Its own schema accepts it, its place is near a known one, its text is filled in."""
    city = _simulation()
    for nth in range(500):
        body = {"id": f"00000000-0000-4000-8000-{nth:012d}", **city.report(NOON)}
        new = NewIncident.model_validate(body)
        assert new.simulated
        assert "{" not in new.title + new.description
        assert new.lon is not None
        assert min(abs(new.lon - site.lon) for site in SITES) < 0.01


def test_the_same_seed_tells_the_same_story() -> None:
    """And another seed another one."""
    first, again, other = (
        [city.report(NOON) for _ in range(20)] for city in map(_simulation, (1, 1, 2))
    )
    assert first == again != other


def test_nights_are_quieter() -> None:
    """By the hours of the recipe."""
    city = _simulation()
    by_day, by_night = (
        np.mean([city.next_report_after_s(at) for _ in range(2_000)]) for at in (NOON, NIGHT)
    )
    assert by_night > 1.5 * by_day
    assert 8.0 < by_day < 14.0


def test_a_burst_is_many_tellings_of_one_thing() -> None:
    """One category, one place."""
    burst = _simulation().burst()
    assert len(burst) >= 6
    assert len({what.site for what in burst}) == 1
    assert {what.category for what in burst} <= set(BURST_CATEGORIES)
    body = _simulation().report(NOON, burst[0])
    assert body["category"] == burst[0].category


@pytest.mark.parametrize("seed", range(20))
def test_every_case_comes_to_an_end(seed: int) -> None:
    """By lawful steps only, detours with a reason."""
    city = _simulation(seed)
    status, taken = Status.REPORTED, 0
    while (drawn := city.step(status)) is not None:
        step, reason = drawn
        status = STATUS_AFTER[status][step] or status
        taken += 1
        assert taken < 200
        assert (reason is not None) == (step in {"refuse", "return", "escalate"})
    assert not is_open(status)


def test_without_a_place_there_is_nothing_to_simulate() -> None:
    """Said at once, not at the first report."""
    with pytest.raises(ValueError, match="place"):
        Simulation((), 6.0, np.random.default_rng(1))


def test_a_visit_ends_and_some_are_late() -> None:
    """Every step once, in order, an outcome at the end alone; some take longer than allowed."""
    simulation = _simulation()
    visits = [simulation.visit() for _ in range(400)]
    for visit in visits:
        assert [step.step for step in visit] == list(WarningStep)[1:]
        assert [step.outcome is None for step in visit] == [True, True, True, False]
    arrived_s = [sum(step.wait_s for step in visit[:3]) for visit in visits]
    late = sum(wait_s > 30 * 60 for wait_s in arrived_s)
    assert 0 < late < 100


def test_a_simulated_warning_is_marked_and_visited(own_context: Context) -> None:
    """As the simulation sends and visits it: no account's name stands on it."""
    rng = np.random.default_rng(7)
    with reading(own_context.engine) as session:
        (place,) = queries.latest_places(session, 1)
    new = NewWarning.model_validate(
        {"id": str(UUID(bytes=rng.bytes(16), version=4)), "category": "1102", "lon": place.lon,
         "lat": place.lat, "risk": 2, "detected_at": utc_now()}
    )  # fmt: skip
    key = service_session.program_key(own_context)
    with writing(own_context.engine) as session:
        receipt, is_new = warnings.receive(session, new, key, utc_now(), simulated=True)
    assert is_new
    for step in _simulation().visit():
        given = TakenWarningStep(step=step.step, outcome=step.outcome)
        with writing(own_context.engine) as session:
            left = warnings.take_step(session, new.id, given, None, utc_now())
    assert left.state == "concluded"
    assert {line.role for line in left.timeline} == {None}
    with reading(own_context.engine) as session:
        assert cases.get_incident_by_no(session, receipt.no, utc_now()).simulated

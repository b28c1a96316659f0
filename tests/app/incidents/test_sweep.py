"""What happens to cases by itself: suspensions end, checked cases close by rules that are rows."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing
from app.incidents.cases import service
from app.incidents.rules import Step
from app.incidents.steps import service as steps
from app.incidents.steps import sweep_queries
from app.incidents.steps.sweep import run_sweep, set_rule
from tests.app.incidents.reports import a_report
from tests.conftest import database_name, run_command
from tests.waiting import wait_until

TO_HANDLING = (Step.REGISTER, Step.ASSIGN, Step.ACKNOWLEDGE, Step.HANDLE)


def _case(client: TestClient, context: Context, *taken: Step, **changes: Any) -> dict[str, Any]:
    case: dict[str, Any] = client.post("/api/v1/incidents", json=a_report(**changes)).json()
    for step in taken:
        with writing(context.engine) as session:
            steps.advance(session, case["no"], step, utc_now())
    return case


def _seen(context: Context, case: dict[str, Any], at: datetime) -> Any:
    with reading(context.engine) as session:
        return service.get_incident_by_no(session, case["no"], at)


def test_a_suspension_that_ran_out_is_over_and_then_noted(
    own_client: TestClient, own_context: Context
) -> None:
    """Over at its end, whether or not noted; noted once, as a step that no post took."""
    engine = own_context.engine
    case = _case(own_client, own_context, *TO_HANDLING)
    url = f"/api/v1/incidents/{case['id']}"
    until = utc_now() + timedelta(hours=2)
    body = {"step": "suspend", "reason": "待材料", "until": until.isoformat()}
    assert own_client.post(f"{url}/steps", json=body).status_code == 200
    assert run_sweep(engine, until - timedelta(minutes=1)).resumed == []
    late = until + timedelta(hours=1)
    assert _seen(own_context, case, until - timedelta(seconds=1)).status == "suspended"
    unnoted = _seen(own_context, case, late)
    assert unnoted.status == "handling" and not unnoted.clock.is_paused
    assert run_sweep(engine, late, dry_run=True).resumed == [case["no"]]
    assert _stored(own_context, case) == "suspended"
    assert run_sweep(engine, late).resumed == [case["no"]]
    assert run_sweep(engine, late).resumed == []
    noted = _seen(own_context, case, late)
    assert noted.timeline[-1].step is Step.RESUME and noted.timeline[-1].role is None
    assert noted.clock == unnoted.clock  # the clock went on at its end, not when it was noted
    assert _stored(own_context, case) == "handling"
    wait_until(lambda: _told(own_context, case) == "resume")


def _told(context: Context, case: dict[str, Any]) -> Any:
    """The step of the last event that the stream has of a case."""
    with reading(context.engine) as session:
        return session.scalar(
            text("SELECT payload->>'step' FROM stream_event WHERE payload->>'no' = :no"
                 " ORDER BY seq DESC LIMIT 1"), {"no": str(case["no"])}
        )  # fmt: skip


def _stored(context: Context, case: dict[str, Any]) -> Any:
    with reading(context.engine) as session:
        return session.scalar(
            text("SELECT status FROM incident WHERE no = :no"), {"no": case["no"]}
        )


CHECKED = (*TO_HANDLING, Step.HAND_BACK, Step.CHECK)


def test_a_checked_case_closes_by_itself(own_client: TestClient, own_context: Context) -> None:
    """After the days of its category, by the rule in force when it was checked; a dispute and
    what was not checked never do."""
    engine, now = own_context.engine, utc_now()
    run_sweep(engine, now + timedelta(days=60))  # what the demo has left
    case = _case(own_client, own_context, *CHECKED)
    dispute = _case(own_client, own_context, *CHECKED, category="1001")
    hazard = _case(own_client, own_context, *CHECKED, category="1501")
    unchecked = _case(own_client, own_context, *CHECKED[:-1])
    # Another rule from tomorrow on does not change what was checked today.
    set_rule(engine, "0110", 1, now + timedelta(days=1))
    assert run_sweep(engine, now + timedelta(days=6.9)).closed == []
    report = run_sweep(engine, now + timedelta(days=7.1))
    assert report.closed == [case["no"]]
    closed = _seen(own_context, case, now + timedelta(days=8))
    assert closed.status == "closed" and "7" in (closed.timeline[-1].reason or "")
    run_sweep(engine, now + timedelta(days=400))
    for other, status in (
        (dispute, "pending_check"), (hazard, "pending_check"), (unchecked, "handled"),
    ):  # fmt: skip
        assert _stored(own_context, other) == status


def test_rules_are_rows(own_context: Context) -> None:
    """One at a time for a prefix, each for its time; the longest prefix holds."""
    engine, now = own_context.engine, utc_now()
    set_rule(engine, "01", 3, now)
    set_rule(engine, "01", 5, now + timedelta(days=2))
    set_rule(engine, "01", None, now + timedelta(days=9))
    with reading(engine) as session:
        found = [rule for rule in sweep_queries.rules(session) if rule.prefix == "01"]
    assert [(rule.days, rule.until is None) for rule in found] == [
        (7, False),
        (3, False),
        (5, False),
    ]
    for bad in ("1", "011", "01x0", "０１"):
        with pytest.raises(ValueError, match="prefix"):
            set_rule(engine, bad, 3, now)
    with pytest.raises(ValueError, match="365"):
        set_rule(engine, "01", 366, now)


def test_the_command(own_context: Context) -> None:
    """`minqing case …` says what it did; a dry run does nothing."""
    env = {"MINQING_DATABASE_URL": own_context.url.render_as_string(hide_password=False)}
    assert database_name(own_context.url)
    dry = run_command("case", "sweep", "--dry-run", env=env)
    assert dry.returncode == 0 and "Would be done" in dry.stdout, dry.stderr
    assert run_command("case", "rule", "0110", "3", env=env).returncode == 0
    shown = run_command("case", "rules", env=env)
    assert "0110" in shown.stdout
    refused = run_command("case", "rule", "011", "3", env=env)
    assert refused.returncode == 1 and "prefix" in refused.stderr

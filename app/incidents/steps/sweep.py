"""What happens to cases by itself: a suspension that runs out ends, a checked case closes.

Each case in a transaction of its own, so that it may be broken off anywhere and run again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.db import reading, writing
from app.core.errors import Problem
from app.incidents.rules import Step
from app.incidents.steps import service as steps
from app.incidents.steps import sweep_queries
from app.incidents.steps.closing import Rule, closes_at

log = structlog.get_logger()

REASON_ZH = "通过核查满 {days} 天，自动结案"


@dataclass
class SweepReport:
    """What was done, or would be: short numbers of the cases."""

    resumed: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{len(self.resumed)} resumed, {len(self.closed)} closed"


def run_sweep(engine: Engine, now: datetime, *, dry_run: bool = False) -> SweepReport:
    """End suspensions that have run out, and close what passed its check long enough ago.

    Args:
        now: the present (UTC).
        dry_run: say what would be done, do nothing.
    """
    with reading(engine) as session:
        lapsed = sweep_queries.lapsed(session, now)
        due = _due(session, now)
    if dry_run:
        return SweepReport(lapsed, [no for no, _ in due])
    report = SweepReport()
    for no in lapsed:
        if _done(engine, partial(steps.note_resumed, no=no, now=now)):
            report.resumed.append(no)
    for no, rule in due:
        reason = REASON_ZH.format(days=rule.days)
        if _done(engine, partial(steps.advance, no=no, step=Step.CLOSE, now=now, reason=reason)):
            report.closed.append(no)
    return report


def _due(session: Session, now: datetime) -> list[tuple[int, Rule]]:
    rules = sweep_queries.rules(session)
    found = []
    for no, category, case in sweep_queries.checked(session, now):
        at = closes_at(case, category, rules)
        if at is not None and at[0] <= now:
            found.append((no, at[1]))
    return found


def _done(engine: Engine, take: Callable[[Session], object]) -> bool:
    try:
        with writing(engine) as session:
            take(session)
    except Problem:  # somebody moved it on in between
        return False
    except OperationalError:
        raise
    except Exception:  # one case that cannot be moved on: the others are
        log.exception("a case is left as it is")
        return False
    return True


def set_rule(engine: Engine, prefix: str, days: int | None, since: datetime) -> None:
    """Let cases of a category close by themselves from an instant on.

    Args:
        prefix: none, two or four digits of the filing standard.
        days: after the check was passed; None for never by this prefix.

    Raises:
        ValueError: a prefix or a number that cannot be used.
    """
    if not re.fullmatch(r"([0-9]{2}){0,2}", prefix, re.ASCII):
        raise ValueError("a prefix has none, two or four digits of the filing standard")
    if days is not None and not 1 <= days <= 365:
        raise ValueError("a case closes by itself after 1 to 365 days")
    with writing(engine) as session:
        sweep_queries.set_rule(session, prefix, days, since)

"""Asking for long work on a plan, looking at it, cancelling it."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import Problem, invalid, not_found
from app.identity.rules import Actor
from app.planning import held, models
from app.planning import queries as plan_queries
from app.planning.edits import service as edits
from app.planning.jobs import asking, balancing, publication, queries
from app.planning.jobs.running import KINDS
from app.planning.jobs.schemas import NewPlanJob, PlanJobList, PlanJobRow
from app.planning.rules import JobKind, JobState
from geodata import codes
from geodata.codes import Level

_ROW = (
    "id", "plan_id", "kind", "state", "done", "total", "objective", "message", "result",
    "account", "asked_at", "started_at", "ended_at", "cancel_asked",
)  # fmt: skip
_OURS = ("units", "estimate_s", "role", "revision", "reason", publication.SET_FOR)


def start(
    session: Session,
    plan_id: int,
    given: NewPlanJob,
    actor: Actor,
    now: datetime,
    *,
    if_match: str | None = None,
) -> PlanJobRow:
    """Ask for a job; it begins when this transaction is committed.

    Raises:
        Problem: 404; 409 `plan-not-draft`, or `plan-busy` with `job_id` where one is at work
            already; 422 naming `kind`, `areas` or `cells`; 412; of `publish` as
            `publication.asked`.
    """
    if given.kind not in KINDS:
        raise invalid("kind", f"{given.kind} is not offered")
    if given.kind is JobKind.PUBLISH and if_match is None:
        raise invalid("If-Match", "is needed to publish: the revision as it was seen")
    if given.kind is JobKind.PUBLISH:
        job = start_publication(session, plan_id, actor, now, if_match=if_match)
        return _shown(job)
    if given.kind is JobKind.BALANCE:
        plan = held.hold_draft(session, plan_id, if_match)
        params = _params(given, plan)
        parts = balancing.communities_of(session, plan, params["areas"], params["cells"])
        edits.refuse_busy(session, plan, list(parts))
    else:
        plan = held.hold(session, plan_id, if_match)
        _refuse_second(session, plan_id, given.kind)
        params = {"seed": given.seed}
        parts = dict.fromkeys(_communities(session, plan), True)
    job = asking.ask(session, plan, given.kind, params, list(parts), account=actor.name, now=now)
    return _shown(job)


def start_publication(
    session: Session,
    plan_id: int,
    actor: Actor | None,
    now: datetime,
    *,
    if_match: str | None,
    reason: str = "",
) -> models.PlanJob:
    """Ask for a plan's publication.

    Args:
        actor: who asks; None for the command line.

    Raises:
        Problem: as `publication.asked`; 409 `plan-busy` with `job_id` where it is asked for.
    """
    account = actor.name if actor else ""
    plan, params, redrawn = publication.asked(session, plan_id, actor, if_match, reason)
    _refuse_second(session, plan_id, JobKind.PUBLISH)
    return asking.ask(
        session,
        plan,
        JobKind.PUBLISH,
        params,
        redrawn,
        account=account,
        now=now,
    )


def list_jobs(session: Session, plan_id: int) -> PlanJobList:
    """The newest jobs of a plan.

    Raises:
        Problem: 404.
    """
    held.find(session, plan_id)
    return PlanJobList(jobs=[_shown(job) for job in queries.of_plan(session, plan_id)])


def get(session: Session, plan_id: int, job_id: int) -> PlanJobRow:
    """One job.

    Raises:
        Problem: 404.
    """
    job = queries.one(session, job_id, plan_id)
    if job is None:
        raise not_found("job", job_id)
    return _shown(job)


def cancel(session: Session, plan_id: int, job_id: int, now: datetime) -> PlanJobRow:
    """Have a job end and leave nothing behind; one that has ended stays as it is.

    Raises:
        Problem: 404.
    """
    job = queries.one(session, job_id, plan_id, held=True)
    if job is None:
        raise not_found("job", job_id)
    if job.state in queries.ACTIVE:
        job.cancel_asked = True
        if job.state == JobState.WAITING:
            queries.end(session, job, JobState.CANCELLED, now)
        session.flush()
    return _shown(job)


def _params(given: NewPlanJob, plan: models.Plan) -> dict[str, Any]:
    areas, cells = list(given.areas or ()), list(given.cells or ())
    if not areas and not cells:
        areas = [plan.area_code]
    are_cells = [code for code in areas if codes.level_of(code) is Level.CELL]
    wrong = [code for code in cells if codes.level_of(code) is not Level.CELL]
    if wrong:
        raise invalid("cells", f"{wrong[0]} is no cell")
    return {
        "areas": sorted(set(areas) - set(are_cells)),
        "cells": sorted({*cells, *are_cells}),
        "profile": given.profile.value,
        "balance": given.balance,
        "shape": given.shape,
        "little_change": given.little_change,
        "seed": given.seed,
    }


def _refuse_second(session: Session, plan_id: int, kind: JobKind) -> None:
    job_id = plan_queries.first_job(session, plan_id, kind, queries.ACTIVE)
    if job_id is not None:
        raise Problem(
            HTTPStatus.CONFLICT, "plan-busy", "It is at work already",
            f"Job {job_id} does that. Wait for it, or cancel it.", extra={"job_id": job_id},
        )  # fmt: skip


def _communities(session: Session, plan: models.Plan) -> Sequence[int]:
    return list(balancing.communities_of(session, plan, [plan.area_code], []))


def _shown(job: models.PlanJob) -> PlanJobRow:
    params = {name: value for name, value in job.params.items() if name not in _OURS}
    values = {name: getattr(job, name) for name in _ROW}
    return PlanJobRow(**values, params=params, estimate_s=job.params["estimate_s"])

"""Everything that is done behind the scenes, in one place: by the clock (when: UTC), when asked.

Each must bear to be broken off anywhere and run again (app/core/jobs.py).
"""

from datetime import datetime

from app.core.context import Context
from app.core.jobs import Job, Task, forget_old
from app.core.retention import run_retention
from app.identity import audit
from app.identity import retention as of_identity
from app.incidents import retention as of_incidents
from app.incidents.calendar import writing as calendar_writing
from app.incidents.reading import rewriting
from app.incidents.steps.sweep import run_sweep
from app.mediation import retention as of_mediation
from app.planning.jobs import running as plan_jobs
from app.planning.jobs.scheduled import ask_for_due
from app.programs.duty_mail import service as duty_mail
from app.programs.webhooks import service as webhooks
from app.warnings.climbing import run_climbs

RETENTION = (*of_incidents.KINDS, *of_mediation.KINDS, *of_identity.KINDS)


def _retention(context: Context, now: datetime) -> str:
    report = run_retention(context.engine, RETENTION, now)
    return ", ".join(f"{gone.kind.name} {len(gone.items)}" for gone in report)


def _audit(context: Context, now: datetime) -> str:
    return audit.check_and_note(context.engine, context.settings.data_dir, now)


def _sweep(context: Context, now: datetime) -> str:
    return str(run_sweep(context.engine, now))


def _climbs(context: Context, now: datetime) -> str:
    return str(run_climbs(context.engine, now))


def _deliveries(context: Context, now: datetime) -> str:
    return f"{webhooks.forget_old(context, now)}; {duty_mail.forget_old(context, now)}"


def _publications(context: Context, now: datetime) -> str:
    return str(ask_for_due(context.engine, now))


JOBS: tuple[Job, ...] = (
    Job("climb_warnings", "* * * * *", _climbs),
    Job("publish_plans", "* * * * *", _publications),
    Job("sweep_plan_jobs", "* * * * *", plan_jobs.sweep),
    Job("sweep_cases", "*/10 * * * *", _sweep),
    Job("retention", "17 */6 * * *", _retention, is_long=True),
    Job("check_audit", "27 */6 * * *", _audit, is_long=True),
    Job("check_cases", "37 18 * * *", rewriting.check, is_long=True),
    Job("forget_old_deliveries", "47 2 * * *", _deliveries, is_long=True),
    Job("forget_old_jobs", "7 3 * * *", forget_old, is_long=True),
)

TASKS: tuple[Task, ...] = (plan_jobs.RUN, rewriting.TASK, calendar_writing.TASK)

"""Everything that is done by the clock, in one place: name, when (UTC), what.

Each must bear to be broken off anywhere and run again (app/core/jobs.py).
"""

from app.core.jobs import Job, forget_old

JOBS: tuple[Job, ...] = (Job("forget_old_jobs", "7 3 * * *", forget_old),)

"""A worker of plan jobs in a process of its own, to be killed: `job_worker.py URL`."""

import signal
import sys

from app.all_jobs import TASKS
from app.core.context import Context
from app.core.jobs import working
from app.core.settings import Settings

if __name__ == "__main__":
    with working(Context.open(Settings(), sys.argv[1]), (), TASKS) as worker:
        worker.leads.wait()
        print("leads", flush=True)  # noqa: T201
        signal.pause()

"""The clock's work in real servers: one works, the next takes over, and no log says too much."""

from collections.abc import Callable

from sqlalchemy import URL, text

from app.all_jobs import JOBS
from app.core import jobs
from app.core.context import Context
from app.core.db import reading
from tests import staff
from tests.app.incidents.reports import a_report
from tests.conftest import run_command
from tests.server import ServerProcess
from tests.waiting import wait_until

CONTACT = {"name": "金丝雀夫人", "phone": "0931-5550133", "note": "清晨鸣叫"}


def leaders(context: Context) -> list[int]:
    """Who holds the lock of the worker: database processes."""
    with reading(context.engine) as session:
        return list(
            session.scalars(
                text("SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                     " WHERE locktype = 'advisory' AND objid = :key AND granted"
                     " AND d.datname = current_database()"),
                {"key": jobs.WORKER_LOCK},
            )
        )  # fmt: skip


def ended(context: Context, name: str) -> int:
    """How many jobs of a name have ended well."""
    return sum(run.name == name and run.status == "succeeded" for run in jobs.last_runs(context))


def test_the_spare_takes_over_when_a_server_is_killed(
    own_context: Context, database: URL, start_server: Callable[[URL], ServerProcess]
) -> None:
    """Two servers over one database; `kill -9` of the one that works."""
    first, _ = start_server(database), start_server(database)
    wait_until(lambda: len(leaders(own_context)) == 1)
    before = leaders(own_context)
    jobs.put_in_queue(own_context, JOBS, "retention")
    wait_until(lambda: ended(own_context, "retention") == 1)
    first.kill()
    wait_until(lambda: leaders(own_context) and leaders(own_context) != before)
    jobs.put_in_queue(own_context, JOBS, "check_audit")
    wait_until(lambda: ended(own_context, "check_audit") == 1)
    url = database.render_as_string(hide_password=False)
    listed = run_command("jobs", "list", env={"MINQING_DATABASE_URL": url}).stdout
    assert all(job.name in listed for job in JOBS) and "succeeded" in listed


def test_a_server_logs_nothing_of_a_contact(server: ServerProcess, own_context: Context) -> None:
    """Taken, refused, and when the database breaks under it."""
    reports = f"{server.base_url}/api/v1/incidents"
    report = a_report(contact=CONTACT)
    assert staff.post(reports, json=report).status_code == 201
    assert staff.post(reports, json={**report, "id": "x"}).status_code == 422
    with own_context.engine.begin() as connection:
        connection.execute(text("ALTER TABLE case_contact RENAME COLUMN sealed TO broken"))
    broken = staff.post(reports, json=a_report(contact=CONTACT))
    assert broken.status_code == 500
    said = server.log.read_text(errors="replace")
    assert "ProgrammingError" in said  # it is logged, by its type
    for word in (*CONTACT.values(), report["title"]):
        assert word not in said and word not in broken.text

"""The `minqing` command: a thin skin over the services."""

import sys

import typer

from app.cli.audit import app as audit_app
from app.cli.bench import app as bench_app
from app.cli.case import app as case_app
from app.cli.city import app as city_app
from app.cli.clock import app as clock_app
from app.cli.contact import app as contact_app
from app.cli.db import app as db_app
from app.cli.export import app as export_app
from app.cli.jobs import app as jobs_app
from app.cli.key import app as key_app
from app.cli.openapi import openapi
from app.cli.retention import app as retention_app
from app.cli.serve import serve
from app.cli.simulate import simulate
from app.cli.standard import app as standard_app
from app.cli.terminal import complain
from app.cli.user import app as user_app

app = typer.Typer(
    name="minqing",
    help="Minqing Map (民情地图): a city's situation map.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(simulate)
app.command()(openapi)
app.add_typer(db_app, name="db")
app.add_typer(city_app, name="city")
app.add_typer(clock_app, name="clock")
app.add_typer(case_app, name="case")
app.add_typer(standard_app, name="standard")
app.add_typer(export_app, name="export")
app.add_typer(user_app, name="user")
app.add_typer(key_app, name="key")
app.add_typer(audit_app, name="audit")
app.add_typer(contact_app, name="contact")
app.add_typer(jobs_app, name="jobs")
app.add_typer(retention_app, name="retention")
app.add_typer(bench_app, name="bench")


def main() -> None:
    """Run the command line; what we can name ends in one sentence, not in a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        complain("Stopped.")
        sys.exit(130)

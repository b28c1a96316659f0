"""`minqing db …`: the tables."""

import typer

from app.city import service as city
from app.cli.terminal import console, open_context
from app.core import schema

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring tables, views, functions and fixed vocabularies to this version's state."""
    with open_context() as context:
        city.prepare_database(context.engine)
        console.print("The database is up to date.")


@app.command()
def check() -> None:
    """Say whether the tables are those of this version."""
    with open_context() as context:
        current = schema.is_current(context.engine)
        console.print("up to date" if current else "needs `minqing db upgrade`")
        raise typer.Exit(0 if current else 1)


@app.command()
def url() -> None:
    """Print the database's address, for notebooks and other programs on this machine."""
    with open_context() as context:
        typer.echo(context.url.render_as_string(hide_password=False))

"""`minqing db …`: the tables."""

from pathlib import Path
from typing import Annotated

import typer

from app.city import service as city
from app.cli.terminal import console, give_up, open_context, progress_bar
from app.core import embedded, schema
from app.core.settings import get_settings

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring tables, views, functions and fixed vocabularies to this version's state."""
    with open_context() as context:
        with progress_bar() as bar:
            city.prepare_database(context.engine, bar)
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


@app.command()
def copy(
    folder: Annotated[Path, typer.Argument(help="Data directory that the copy will belong to.")],
) -> None:
    """Copy the embedded database, also while it is in use, for `MINQING_DATA_DIR=FOLDER`."""
    settings = get_settings()
    if settings.database_url is not None:
        raise give_up("MINQING_DATABASE_URL is set: only the embedded database is copied.")
    try:
        embedded.copy(settings.data_dir, folder)
    except embedded.EmbeddedError as error:
        raise give_up(str(error)) from error
    console.print(
        f"Copied. It starts with: MINQING_DATA_DIR={folder} minqing serve", soft_wrap=True
    )

"""`minqing db …`: the tables."""

import secrets
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from sqlalchemy.exc import DBAPIError

from app.city import service as city
from app.cli.terminal import console, give_up, open_context, progress_bar
from app.core import embedded, login_role, schema
from app.core.context import Context
from app.core.scope import LOGIN_ROLE
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
def roles(
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL instead, for whoever may make roles.")
    ] = False,
) -> None:
    """Let requests sign in as a role that owns nothing, where the database is not the embedded one.

    Gives `minqing_login` the password of MINQING_DATABASE_URL, or, before
    MINQING_OWNER_DATABASE_URL is set, a new one, and prints how to set both.
    """
    settings = get_settings()
    if settings.database_url is None:
        console.print("The embedded database looks after its roles by itself.")
        return
    with open_context() as context:
        password = _password_of(context)
        addresses = "" if context.has_request_url else _addresses(context, password)
        try:
            if sql:
                typer.echo(login_role.statements(context.engine, password))
            else:
                login_role.make(context.engine, password)
        except (DBAPIError, psycopg.Error) as error:
            raise give_up(f"The roles cannot be made: {error}") from error
    if not sql:
        console.print(f"{LOGIN_ROLE} may sign in with that password.", highlight=False)
    if addresses:
        # Where the SQL is wanted, standard output is the SQL alone.
        typer.echo(f"Set from now on:\n{addresses}", err=sql)


def _password_of(context: Context) -> str:
    if not context.has_request_url:
        return secrets.token_urlsafe(24)
    url = context.request_url
    if url.username != LOGIN_ROLE or not url.password:
        raise give_up(
            f"MINQING_DATABASE_URL must name {LOGIN_ROLE} and its password:"
            f" postgresql://{LOGIN_ROLE}:PASSWORD@HOST/{url.database}"
        )
    return url.password


def _addresses(context: Context, password: str) -> str:
    """The settings that have requests sign in as that role, as an environment file has them."""
    found = {
        "MINQING_DATABASE_URL": context.url.set(username=LOGIN_ROLE, password=password),
        "MINQING_OWNER_DATABASE_URL": context.url,
    }
    return "\n".join(
        f"{name}={url.set(drivername='postgresql').render_as_string(hide_password=False)}"
        for name, url in found.items()
    )


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

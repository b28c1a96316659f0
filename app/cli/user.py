"""`minqing user …`: accounts of staff posts, and what they may do where."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import console, give_up, open_context, saying_refusals
from app.core.clock import CITY_ZONE
from app.core.context import Context
from app.core.db import reading
from app.identity import accounts, linking
from app.identity.rules import Role
from app.places import queries as places

app = typer.Typer(help="Who may sign in, and act as what, where.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Login of a staff post, e.g. duty_officer.")]
Area = Annotated[int, typer.Argument(help="15-digit code of the area.")]
Password = Annotated[
    str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True,
                      help="Asked for when it is not given."),
]  # fmt: skip


@contextmanager
def _accounts() -> Iterator[Context]:
    from app.city.service import prepare_database

    with open_context() as context:
        prepare_database(context.engine)
        with saying_refusals():
            yield context


@app.command()
def add(
    name: Name,
    password: Password,
    role: Annotated[
        Role | None, typer.Option(help="What it may act as; the first account: city_admin.")
    ] = None,
    area: Annotated[
        int | None, typer.Option(help="Where it belongs and acts; default: the whole city.")
    ] = None,
) -> None:
    """Add an account. The first one administers the city; others act as --role says, or not yet."""
    with _accounts() as context:
        engine = context.engine
        is_first = role is None and not accounts.has_real_admin(engine)
        if is_first:
            role = Role.CITY_ADMIN
        where = _city_of(context) if area is None else area
        if role is not None and where is None:
            raise give_up("No city is loaded yet, so say whose: --area CODE, for example --area"
                          " 620100000000000")  # fmt: skip
        accounts.add_account(engine, name, password, role=role, area=where)
    if role is None:
        console.print(f"Added {name}. Next: minqing user grant {name} ROLE AREA", markup=False)
    else:
        first = " Nobody did so before." if is_first else ""
        console.print(f"Added {name}, who acts as {role} in {where}.{first}", markup=False)


def _city_of(context: Context) -> int | None:
    with reading(context.engine) as session:
        city = places.city(session)
    return int(city.code) if city else None


@app.command()
def grant(
    name: Name,
    role: Annotated[Role, typer.Argument(help="In which capacity.")],
    area: Area,
    until: Annotated[
        datetime | None, typer.Option(help="Until when (local time of the city).")
    ] = None,
) -> None:
    """Let an account act in a role, in an area and everything in it."""
    ends_at = until.replace(tzinfo=CITY_ZONE) if until else None
    with _accounts() as context:
        accounts.grant(context.engine, name, role, area, ends_at)
    console.print(f"{name} may now act as {role} in {area}.", markup=False)


@app.command()
def revoke(name: Name, role: Annotated[Role, typer.Argument()], area: Area) -> None:
    """Take a grant back; sessions that act under it end at once."""
    with _accounts() as context:
        accounts.revoke(context.engine, name, role, area)
    console.print(f"{name} no longer acts as {role} in {area}.", markup=False)


@app.command()
def passwd(name: Name, password: Password) -> None:
    """Set another password; every session of the account ends."""
    with _accounts() as context:
        accounts.change(context.engine, name, password=password)
    console.print(f"{name} has another password.", markup=False)


@app.command()
def disable(
    name: Name,
    undo: Annotated[bool, typer.Option("--undo", help="Let it in again.")] = False,
) -> None:
    """Let an account in no longer; every session of it ends."""
    with _accounts() as context:
        accounts.change(context.engine, name, disabled=not undo)
    console.print(f"{name} is {'enabled' if undo else 'disabled'}.", markup=False)


@app.command()
def link(
    name: Name,
    subject: Annotated[
        str | None, typer.Argument(help="`sub` under which the city's provider knows it.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Link it to nobody there any more.")] = False,
) -> None:
    """Let whoever the city's provider (MINQING_OIDC_ISSUER) knows by a subject act as an account;
    every session of it ends."""
    if undo == (subject is not None):
        raise give_up("Give either a SUBJECT or --undo.")
    with _accounts() as context:
        linking.link(context.engine, context.settings, name, subject)
    done = "linked to nobody at the provider" if undo else "linked to that subject of the provider"
    console.print(f"{name} is {done}.", markup=False)


@app.command("list")
def list_all() -> None:
    """List every account and its grants."""
    with _accounts() as context:
        rows = accounts.list_accounts(context.engine)
    table = Table("user", "grants", "demo", "disabled")
    for row in rows:
        table.add_row(
            row.name, row.grants.replace(" ", "\n"), "demo" if row.demo else "",
            "disabled" if row.disabled_at else "",
        )  # fmt: skip
    console.print(table, markup=False)

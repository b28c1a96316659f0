"""`minqing key …`: keys of programs that send us something, such as warnings of fraud."""

from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import console, give_up, open_context
from app.core.clock import CITY_ZONE
from app.core.errors import Problem
from app.identity import keys

app = typer.Typer(help="Keys of programs, each for one area.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="What it is for, e.g. anti-fraud-centre.")]


@app.command()
def add(
    name: Name,
    area: Annotated[int, typer.Option(help="15-digit code of the area in which it holds.")],
) -> None:
    """Make a key. It is shown once, here, and kept as a hash only."""
    from app.city.service import prepare_database

    with open_context() as context:
        prepare_database(context.engine)
        try:
            key = keys.add_key(context.engine, name, area)
        except Problem as problem:
            raise give_up(problem.detail) from problem
    console.print(key, markup=False, highlight=False, soft_wrap=True)


@app.command("list")
def list_all() -> None:
    """List every key: its area, when it was made, last used and revoked (local time)."""
    with open_context() as context:
        lines = keys.list_keys(context.engine)
    table = Table("key", "area", "made", "last used", "revoked")
    for line in lines:
        times = (line.created_at, line.used_at, line.revoked_at)
        told = [f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}" if at else "" for at in times]
        table.add_row(line.name, str(line.area_code), *told)
    console.print(table, markup=False)


@app.command()
def revoke(name: Name) -> None:
    """Let a key hold no longer, from now on."""
    with open_context() as context:
        try:
            keys.revoke_key(context.engine, name)
        except Problem as problem:
            raise give_up(problem.detail) from problem
    console.print(f"{name} no longer holds.", markup=False)

"""`minqing key …`: keys of programs that report, read or warn, each for one area."""

from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import console, give_up, open_context, saying_refusals
from app.core.clock import CITY_ZONE
from app.identity import keys
from app.identity.rules import KeyRight

app = typer.Typer(help="Keys of programs, each for one area.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="What it is for, e.g. hotline or anti-fraud-centre.")]


@app.command()
def add(
    name: Name,
    area: Annotated[int, typer.Option(help="15-digit code of the area in which it holds.")],
    may: Annotated[
        str,
        typer.Option(
            help="What it opens, separated by commas: report (file cases), read (states of"
            " cases), list (the cases of its area), warn (warnings of fraud)."
        ),
    ] = KeyRight.WARN.value,
    per_minute: Annotated[
        int,
        typer.Option(help="How many requests, and reports of batches, it may send in a minute."),
    ] = keys.DEFAULT_PER_MINUTE,
) -> None:
    """Make a key. It is shown once, here, and kept as a hash only."""
    from app.city.service import prepare_database

    rights = _rights(may)
    with open_context() as context:
        prepare_database(context.engine)
        with saying_refusals():
            key = keys.add_key(context.engine, name, area, rights, per_minute)
    console.print(key, markup=False, highlight=False, soft_wrap=True)


def _rights(words: str) -> frozenset[KeyRight]:
    given = {word.strip() for word in words.split(",")}
    unknown = given - {right.value for right in KeyRight}
    if unknown:
        raise give_up(f"--may: {', '.join(KeyRight)}; not {', '.join(sorted(unknown))}")
    return frozenset(map(KeyRight, given))


@app.command("list")
def list_all() -> None:
    """List every key: its area, what it may, its limit a minute, how often it was used today, when
    it was last used and revoked (local time)."""
    with open_context() as context:
        lines = keys.list_keys(context.engine)
    table = Table("key", "area", "may", "a minute", "today", "last used", "revoked")
    for line in lines:
        times = (line.used_at, line.revoked_at)
        used = [f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}" if at else "" for at in times]
        counts = (str(line.per_minute), str(sum(line.used_today.values())))
        table.add_row(line.name, str(line.area_code), " ".join(sorted(line.rights)), *counts, *used)
    console.print(table, markup=False)


@app.command()
def revoke(name: Name) -> None:
    """Let a key hold no longer, from now on."""
    with open_context() as context, saying_refusals():
        keys.revoke_key(context.engine, name)
    console.print(f"{name} no longer holds.", markup=False)

"""`scripts/drill`: run drills and print what was measured beside what is promised."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli.terminal import progress_bar
from tests.drill.drills import DRILLS
from tests.drill.promises import Measured
from tests.drill.station import station


def main(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Which: {', '.join(DRILLS)}. Default: all.")
    ] = None,
    times: Annotated[int, typer.Option(min=1, help="So many times as many tries.")] = 1,
) -> None:
    """Measure promises in seconds on real servers; exit status 1 if one of them is not kept."""
    wanted = names or list(DRILLS)
    for name in wanted:
        if name not in DRILLS:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(DRILLS)}")
    measured: list[Measured] = []
    with station() as where, progress_bar() as bar:
        for name in wanted:
            drill, tries = DRILLS[name]
            measured += drill(where, tries * times, bar)
    table = Table("promise", "tries", "median", "worst", "promised", "")
    for one in measured:
        table.add_row(*one.cells())
    Console().print(table)
    sys.exit(not all(one.is_kept for one in measured))


if __name__ == "__main__":
    typer.run(main)

"""`minqing bench …`: hot paths against their floors, side by side in one run. Read the ratios."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.terminal import console, open_context, progress_bar

app = typer.Typer(help="Measure hot paths against their floors.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """A speed is a ratio to something: every figure stands beside its floor from the same run."""


@app.command()
def live(
    viewers: Annotated[int, typer.Option(min=1, max=5_000, help="Open streams.")] = 300,
    posts: Annotated[int, typer.Option(min=10, max=10_000, help="Reports to send.")] = 400,
    seconds: Annotated[int, typer.Option(min=1, max=600, help="Length of the fan-out.")] = 10,
) -> None:
    """The live path, from a report to its viewers, over a scratch database of its own."""
    from app.cli.bench_live import run

    with open_context() as context:
        for table in run(context, viewers=viewers, posts=posts, seconds=seconds):
            console.print(table)


@app.command()
def tiles(
    count: Annotated[int, typer.Option(min=16, max=2_000, help="Tiles of each kind.")] = 160,
) -> None:
    """Tiles, heat and layers of the loaded city against bare SQL and ready bytes."""
    from app.cli.bench_tiles import run

    with open_context() as context:
        console.print(run(context, count=count))


@app.command()
def desk(
    count: Annotated[int, typer.Option(min=20, max=5_000, help="Requests of each kind.")] = 60,
) -> None:
    """What is asked all day: clocks, due, tasks, lists, counts, figures, against bare SQL."""
    from app.cli.bench_desk import run

    with open_context() as context:
        console.print(run(context, count=count))


@app.command()
def scope(
    count: Annotated[int, typer.Option(min=20, max=5_000, help="Places looked at.")] = 200,
) -> None:
    """What row security costs on lists and tiles of the loaded city."""
    from app.cli.bench_scope import run

    with open_context() as context:
        console.print(run(context, count=count))


@app.command()
def rebalance(
    source: Annotated[Path, typer.Argument(metavar="IN.parquet", help="Base units, GeoParquet.")],
) -> None:
    """Plans of every profile, beside METIS (and spopt, where it is) on the same units."""
    from app.cli.bench_rebalance import run

    with progress_bar() as bar:
        for table in run(source, bar):
            console.print(table)

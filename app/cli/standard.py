"""`minqing standard …`: the filing standard as one spreadsheet of nine columns."""

from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.terminal import complain, console, give_up, open_context, saying_refusals
from app.core.clock import CITY_ZONE, utc_now

if TYPE_CHECKING:
    from app.city.publishing import PublishReport

app = typer.Typer(help="The filing standard: categories, conditions, limits.", no_args_is_help=True)
MOST_SHOWN = 40


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where to write: .xlsx or .csv.")],
    on: Annotated[
        str | None, typer.Option(help="The standard in force on this day; default: today.")
    ] = None,
) -> None:
    """Write the standard in force as one sheet of nine columns."""
    from app.city import publishing
    from app.files.job import FileRefused

    at = utc_now()
    if on is not None:
        at = datetime.combine(_day(on, "--on"), time(23, 59, 59), CITY_ZONE)
    with open_context() as context:
        try:
            lines = publishing.export_standard(context.engine, file, at)
        except FileRefused as error:
            raise give_up(str(error)) from error
    console.print(f"Wrote {lines} lines to {file}.", markup=False, highlight=False)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with the nine columns.")],
    effective_on: Annotated[
        str, typer.Option(help="Day (local) from whose beginning it is in force: YYYY-MM-DD.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, publish nothing.")
    ] = False,
) -> None:
    """Publish a standard on a date. All of it, or nothing changes. Exit code 1 if it is refused.

    A case keeps the limit that was in force when its clock started.
    """
    from app.city import publishing
    from app.city import service as city

    day = _day(effective_on, "--effective-on")
    with open_context() as context:
        city.prepare_database(context.engine)
        with saying_refusals():
            found = publishing.publish(context.engine, file, day, utc_now(), dry_run=dry_run)
    _print(found, day)
    raise typer.Exit(0 if found.fits else 1)


def _day(text: str, option: str) -> date:
    try:
        if len(text) != len("2026-01-31"):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise give_up(f"{option}: {text!r} is not a day such as 2026-01-31.") from None


def _print(found: "PublishReport", day: date) -> None:
    if found.problem is not None:
        complain(_plain(found.problem))
    if found.faults:
        rows = [(str(f.row), f.column, f.reason) for f in found.faults]
        _table(f"{len(rows):,} cells refused", ("row", "column", "reason"), rows)
    if not found.fits:
        complain("Nothing was published: a standard is taken whole or not at all.")
        return
    if found.changes:
        _table(
            f"{len(found.changes):,} limits change",
            ("code", "name", "before", "after"),
            [(c.code, c.name, _limit(c.before), _limit(c.after)) for c in found.changes],
        )
    if found.cases:
        _table(
            f"{len(found.cases):,} open cases change their limit",
            ("case", "code", "clock started", "before", "after"),
            [
                (str(c.no), c.code, _local(c.started_at), str(c.before or "-"), str(c.after or "-"))
                for c in found.cases
            ],
        )
    console.print(
        f"{found.lines:,} lines. {len(found.changes):,} limits change;"
        f" {len(found.cases):,} open cases change their limit, {found.untouched:,} of the same"
        " categories keep theirs: it was in force when their clock started.",
        highlight=False,
    )
    if found.written:
        console.print(f"Published: in force from {day} 00:00 (local).", highlight=False)
    else:
        console.print("The standard fits. Nothing was published (--dry-run).")


def _limit(text: str | None) -> str:
    return "not in it" if text is None else text or "none"


def _local(at: datetime | None) -> str:
    return "not yet" if at is None else f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}"


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading)
    for row in rows[:MOST_SHOWN]:
        # Text of strangers: never to be taken for the terminal's own markup or controls.
        table.add_row(*(escape(_plain(cell)) for cell in row))
    console.print(table)
    if len(rows) > MOST_SHOWN:
        console.print(f"The first {MOST_SHOWN} of {len(rows):,}.", highlight=False)


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in text)

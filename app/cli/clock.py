"""`minqing clock …`: deadlines on the command line."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.terminal import complain, give_up, open_context
from app.core.clock import CITY_ZONE, utc_now
from app.core.settings import get_settings

app = typer.Typer(help="Limits, working days and deadlines.", no_args_is_help=True)

TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
EXAMPLE = "2026-09-30T17:00 or 2026-09-30T17:00:00+08:00"


@app.command()
def due(
    limit: Annotated[
        str,
        typer.Option(
            help="A number and one of work_hour, urgent_hour, work_day, urgent_work_day,"
            ' calendar_day: "4 work_hour".'
        ),
    ],
    start: Annotated[
        str,
        typer.Option(
            "--from",
            help=f"When it starts, such as {EXAMPLE}; without an offset it is Asia/Shanghai time.",
        ),
    ],
) -> None:
    """Print the deadline of a limit: in Asia/Shanghai time, then in UTC.

    Working hours are 08:00-12:00 and 14:00-18:00 on working days; a work day is all 24 hours of a
    working day. Holidays and working Saturdays (调休) count. Exit code 1 for what cannot be told.
    """
    from app.incidents.clocks import limits as clocks
    from app.incidents.clocks.workdays import WorkingDaysError, city_calendar

    started = _instant(start)
    try:
        wanted = clocks.Limit.parse(limit)
    except ValueError as error:
        raise give_up(f"--limit: {error}.") from None
    try:
        deadline = clocks.due(started, wanted, city_calendar(get_settings().data_dir))
        local = deadline.astimezone(CITY_ZONE)
    except clocks.CalendarUnknown as error:
        raise give_up(
            f"--from: {error}; a city adds them in working_days.csv in its data dir."
        ) from None
    except WorkingDaysError as error:
        raise give_up(f"{error}.") from None
    except OverflowError:
        raise give_up("--from: the deadline lies beyond the year 9999.") from None
    typer.echo(local.isoformat())
    typer.echo(deadline.isoformat().replace("+00:00", "Z"))


def _instant(words: str) -> datetime:
    if not TIME.fullmatch(words.strip()):
        raise give_up(f"--from: {words!r} is not a time such as {EXAMPLE}.")
    try:
        found = datetime.fromisoformat(words.strip())
        if found.tzinfo is None:
            typer.echo("--from has no offset: taken as Asia/Shanghai time (+08:00).", err=True)
            found = found.replace(tzinfo=CITY_ZONE)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise give_up(f"--from: {words!r} is not a time such as {EXAMPLE}.") from None


@app.command()
def calendar(
    year: Annotated[int, typer.Argument(help="A civil year, such as 2027.")],
) -> None:
    """Print the days of a year that are not as their weekday says, and where each comes from.

    Exit code 1 for a year that nobody can tell.
    """
    from app.core.errors import Problem
    from app.incidents.calendar import service
    from app.incidents.clocks.workdays import WorkingDaysError, city_calendar

    try:
        found = service.year_of(city_calendar(get_settings().data_dir), year)
    except (WorkingDaysError, Problem) as error:
        raise give_up(str(error)) from None
    mark = ", provisional: the notice about it is not taken yet" if found.is_provisional else ""
    typer.echo(f"{year}: {found.source}{mark}")
    for one in found.days:
        typer.echo(f"{one.day} {one.day:%a}  {one.kind:<7}  {one.source:<11}  {one.note}".rstrip())


@app.command()
def year(
    year: Annotated[int, typer.Argument(help="The civil year that the file describes.")],
    file: Annotated[
        Path, typer.Argument(help="CSV with the columns day,kind,note; kind: holiday or working.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say which deadlines move, take nothing.")
    ] = False,
) -> None:
    """Take the working days of a year: Monday to Friday, but for the days of the file.

    All of it, or nothing changes. Exit code 1 if it is refused.
    """
    from app.core.db import writing
    from app.core.errors import Problem
    from app.incidents.calendar import service
    from app.incidents.calendar.writing import write_taken

    try:
        days = service.given(year, file.read_text(encoding="utf-8"))
        with open_context() as context:
            data_dir = context.settings.data_dir
            with writing(context.engine) as session:
                found = service.take(
                    session, None, data_dir, year=year, days=days, now=utc_now(), dry_run=dry_run
                )
            if found.taken:
                write_taken(context.engine, data_dir)
    except (OSError, UnicodeDecodeError) as error:
        raise give_up(f"{file} cannot be read: {error}") from None
    except Problem as problem:
        for wrong in problem.errors:
            complain(f"{file}, {wrong.field}: {wrong.message}")
        raise give_up(problem.detail) from None
    for day in found.worked_holidays:
        complain(f"{day.day} ({day.name}) is a statutory holiday and would be worked.")
    for case in found.items:
        typer.echo(f"{case.no}  {_local(case.due_before)} -> {_local(case.due_after)}")
    did = "is taken" if found.taken else "would be taken"
    typer.echo(f"{year} {did}: {found.moved} of {found.examined} open cases get another deadline.")


def _local(at: datetime | None) -> str:
    return "unknown" if at is None else f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}"

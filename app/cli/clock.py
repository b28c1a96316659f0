"""`minqing clock …`: deadlines on the command line."""

import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cli.terminal import give_up
from app.core.clock import CITY_ZONE
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

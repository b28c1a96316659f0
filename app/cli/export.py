"""`minqing export …`: taking cases out as a table, and plans as files."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.terminal import console, give_up, open_context
from app.core.clock import CITY_ZONE, utc_now

app = typer.Typer(help="Cases as a table; plans as files.", no_args_is_help=True)


@app.command("incidents")
def incidents(
    file: Annotated[Path, typer.Argument(help="Where to write: .csv or .xlsx.")],
    area: Annotated[int | None, typer.Option(help="Only inside this 15-digit area.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Reported from then on (local); default: 30 days ago.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="Reported before then (local); default: now.")
    ] = None,
) -> None:
    """Write the list of cases as a table, 50,000 at most. It is written to the audit.

    Texts that a spreadsheet would take for a formula have an apostrophe in front.
    """
    from pydantic import ValidationError

    from app.city import service as city
    from app.core.errors import Problem
    from app.incidents.clocks.workdays import WorkingDaysError, city_calendar
    from app.incidents.exports import service as exports
    from app.incidents.schemas import IncidentFilter

    words = {"area": area, "since": _utc(since), "until": _utc(until)}
    try:
        form = exports.Format(file.suffix.lower().lstrip("."))
        query = IncidentFilter.model_validate({k: v for k, v in words.items() if v is not None})
    except ValidationError as error:
        raise give_up(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    except ValueError:
        raise give_up(f"{str(file)!r} ends neither in .csv nor in .xlsx.") from None
    with open_context() as context:
        city.prepare_database(context.engine)
        try:
            calendar = city_calendar(context.settings.data_dir)
            parts = exports.export(
                context.engine, query, form, utc_now(), calendar=calendar, actor=None, scope=None
            )
            length = _write(file, parts)
        except (Problem, WorkingDaysError) as error:
            raise give_up(str(error)) from None
        except OSError as error:
            raise give_up(f"{str(file)!r} cannot be written: {error.strerror}.") from None
    console.print(f"Wrote {length:,} bytes to {file}.", markup=False, highlight=False)


@app.command("plan")
def plan(
    number: Annotated[int, typer.Argument(metavar="PLAN", help="Number of the plan.", min=1)],
    file: Annotated[Path, typer.Argument(help="Where to write: .csv, .geojson or .gpkg.")],
) -> None:
    """Write a plan: its assignment, its cells, or both as a GeoPackage."""
    from app.core.db import reading
    from app.core.errors import Problem
    from app.planning.held import find
    from app.planning.reports import exports

    try:
        form = exports.Form(file.suffix.lower().lstrip("."))
    except ValueError:
        raise give_up(f"{str(file)!r} ends neither in .csv, .geojson nor .gpkg.") from None
    with open_context() as context:
        try:
            with reading(context.engine) as session:
                made = exports.export(session, find(session, number), form)
            with _in_place_of(file) as path:
                made.write(path)
        except Problem as error:
            raise give_up(str(error)) from None
        except OSError as error:
            raise give_up(f"{str(file)!r} cannot be written: {error.strerror}.") from None
    console.print(f"Wrote {file.stat().st_size:,} bytes to {file}.", markup=False, highlight=False)


def _utc(local: datetime | None) -> datetime | None:
    return None if local is None else local.replace(tzinfo=CITY_ZONE).astimezone(UTC)


def _write(file: Path, parts: Iterable[bytes]) -> int:
    with _in_place_of(file) as path, path.open("wb") as opened:
        opened.writelines(parts)
        return opened.tell()


@contextmanager
def _in_place_of(file: Path) -> Iterator[Path]:
    """A path to write to, whose file takes the other's place when the block ends: whole, and
    readable by its owner alone; or there is no file."""
    with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as folder:
        path = Path(folder) / file.name
        yield path
        path.chmod(0o600)
        path.replace(file)

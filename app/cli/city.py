"""`minqing city …`: building, loading and importing a city."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from app.city import service as city
from app.city.errors import CityFilesError
from app.city.report import CityStatus, LoadReport
from app.cli.terminal import console, give_up, open_context, progress_bar
from app.core.clock import CITY_ZONE, utc_now
from app.core.settings import get_settings

app = typer.Typer(help="The city that this server holds.", no_args_is_help=True)

NOTHING_LOADED = (
    "No city is loaded. `minqing city build` and `minqing city load` make the demo city;"
    " `minqing city import areas FILE` begins with your own."
)
LEVEL_WORDS = {
    "city": "cities",
    "district": "districts and counties",
    "subdistrict": "subdistricts and towns",
    "community": "communities and villages",
    "cell": "grid cells",
}


@app.command()
def build(
    seed: Annotated[int, typer.Option(help="The same seed gives the same city.")] = 1,
    incidents: Annotated[int, typer.Option(min=0, help="Cases of the year.")] = 60_000,
    districts: Annotated[
        str | None, typer.Option(help="Only these, e.g. 620111,620102. Default: all.")
    ] = None,
    name: Annotated[str, typer.Option(help="Folder under <data dir>/city.")] = city.DEMO_NAME,
    force: Annotated[bool, typer.Option("--force", help="Even if one is there.")] = False,
) -> None:
    """Build the demo city and keep it as files; `load` takes it from there."""
    from app.city import demo
    from geodata.demo import Recipe

    places = demo.Places(get_settings().data_dir)
    recipe = Recipe(seed=seed, incidents=incidents, districts=_districts(districts))
    with _said_plainly(), progress_bar() as bar:
        built = demo.build(places, _plain_name(name), recipe, bar, force=force)
    folder = places.bundle(name)
    console.print(f"Built {folder}" if built else f"{folder} is there already (--force rebuilds)")


@app.command()
def load(
    name: Annotated[str, typer.Argument(help="Folder under <data dir>/city.")] = city.DEMO_NAME,
) -> None:
    """Load a built city in place of the loaded one. All of it, or nothing changes."""
    folder = get_settings().data_dir / "city" / _plain_name(name)
    with _said_plainly(), open_context() as context:
        city.prepare_database(context.engine)
        with progress_bar() as bar:
            report = city.load_bundle(context.engine, folder, bar, utc_now())
        _print_load(report)


@app.command(hidden=True)
def ensure_demo() -> None:
    """Build and load the demo city if no city is loaded. What `serve` runs beside itself."""
    with _said_plainly(), open_context() as context:
        with progress_bar() as bar:
            report = city.ensure_demo_city(context.engine, context.settings, bar)
        if report is not None:
            _print_load(report)


@app.command()
def status() -> None:
    """What is loaded. Exit code 1 when nothing is."""
    with _said_plainly(), open_context() as context:
        city.prepare_database(context.engine)
        found = city.city_status(context.engine, utc_now())
        if found is None:
            raise give_up(NOTHING_LOADED)
        _print_status(found)


def _districts(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) == 6 for part in parts):
        raise give_up(f"--districts {text}: six-digit codes separated by commas are needed.")
    return tuple(sorted({int(part) for part in parts}))


def _plain_name(name: str) -> str:
    if not name or name.startswith(".") or Path(name).name != name:
        raise give_up(f"{name!r} is not a plain folder name.")
    return name


def _print_load(report: LoadReport) -> None:
    mark = " (演示数据, demo data)" if report.demo else ""
    console.print(
        f"Loaded {report.name}{mark}: {report.rows['area']:,} areas, {report.rows['base_unit']:,}"
        f" base units, {report.rows['incident']:,} incidents in {report.seconds:.1f} s.",
        highlight=False,
    )


def _print_status(found: CityStatus) -> None:
    table = Table(show_header=False, box=None)
    title = " ".join(part for part in (found.name, found.name_en, str(found.code)) if part)
    table.add_row("city", f"{title}{'  (演示数据, demo data)' if found.demo else ''}")
    table.add_row("loaded", f"{found.loaded_at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M} (local)")
    for level, words in LEVEL_WORDS.items():
        table.add_row(words, f"{found.areas.get(level, 0):,}")
    table.add_row("base units", f"{found.units:,}")
    table.add_row("stations", f"{found.stations:,}")
    table.add_row("duty units", f"{found.duty_units:,}")
    table.add_row("incidents", f"{found.incidents:,}, of them open {found.open_incidents:,}")
    if found.last_report_at is not None:
        newest = found.last_report_at.astimezone(CITY_ZONE)
        table.add_row("newest incident", f"{newest:%Y-%m-%d %H:%M} (local)")
    table.add_row("boundary version", f"{found.boundary_version} ({found.boundary_note})")
    console.print(table, highlight=False)


@contextmanager
def _said_plainly() -> Iterator[None]:
    """What is wrong with the files or the sources, in one sentence instead of a traceback."""
    try:
        yield
    except CityFilesError as error:
        raise give_up(str(error)) from error

"""`minqing city …`: building, loading and importing a city."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.city import service as city
from app.city.errors import CityFilesError
from app.city.importing.report import ImportReport, Kind
from app.city.report import CityStatus, LoadReport
from app.cli.terminal import complain, console, give_up, open_context, progress_bar, saying_refusals
from app.core.clock import CITY_ZONE, utc_now
from app.core.settings import get_settings

app = typer.Typer(help="The city that this server holds.", no_args_is_help=True)

NOTHING_LOADED = (
    "No city is loaded. `minqing city build` and `minqing city load` make the demo city;"
    " `minqing city import areas FILE` begins with your own."
)
MOST_SHOWN = 40
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


@app.command("import")
def import_(  # noqa: PLR0917 (typer reads them by name)
    kind: Annotated[Kind, typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(help="GeoJSON, zipped Shapefile, GeoPackage, CSV, XLSX.")],
    crs: Annotated[
        str | None,
        typer.Option(help="wgs84, cgcs2000, gcj02, bd09 or a Gauss zone such as EPSG:4544."),
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Layer or sheet, where there are more.")] = None,
    columns: Annotated[
        list[str] | None, typer.Option(help="our_field=column; may be given several times.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the texts, e.g. gbk.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, write nothing.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write the refused rows to this CSV file.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="areas: remove the loaded city and begin this one.")
    ] = False,
    city_name: Annotated[
        str | None, typer.Option(help="areas: the city's name, if the file has no row for it.")
    ] = None,
) -> None:
    """Import a city's own file. All of it, or nothing changes. Exit code 1 if it is refused."""
    from app.city.importing.work import Options

    options = Options(crs, layer, encoding, _columns(columns or []), dry_run, replace, city_name)
    with _said_plainly(), open_context() as context:
        city.prepare_database(context.engine)
        with progress_bar() as bar:
            found = city.import_file(
                context.engine, kind, file, options, progress=bar, now=utc_now()
            )
    if report is not None:
        found.write_csv(report)
    _print_import(found, dry_run=dry_run)
    raise typer.Exit(0 if found.fits else 1)


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


def _columns(pairs: list[str]) -> dict[str, str]:
    answer = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not (field and equals and column):
            raise give_up(f"--columns {pair}: our_field=column is needed, e.g. name=MC.")
        answer[field.strip()] = column.strip()
    return answer


def _print_import(found: ImportReport, *, dry_run: bool) -> None:
    about = [part for part in (found.format, found.layer, found.crs) if part]
    if found.refusals:
        table = Table(title=f"{found.refused:,} of {found.rows:,} rows refused")
        for heading in ("row", "field", "reason"):
            table.add_column(heading)
        for refusal in sorted(found.refusals, key=lambda refusal: refusal.row)[:MOST_SHOWN]:
            # Text of strangers: never to be taken for the terminal's own markup or controls.
            table.add_row(
                str(refusal.row), escape(_plain(refusal.field)), escape(_plain(refusal.reason))
            )
        console.print(table)
        if len(found.refusals) > MOST_SHOWN:
            console.print(f"The first {MOST_SHOWN}; --report FILE.csv lists more.")
    for problem in found.problems:
        complain(_plain(problem))
    for note in found.notes:
        console.print(_plain(note), markup=False, highlight=False)
    if found.rows:
        outside = f"{found.outside_share:.1%} outside"
        console.print(f"{', '.join(about)}: {found.rows:,} rows, {outside}", highlight=False)
    if not found.fits:
        complain("Nothing was imported: a file is taken whole or not at all.")
    elif dry_run:
        console.print("The file fits. Nothing was written (--dry-run).")
    else:
        known = f", {found.known:,} were there already" if found.known else ""
        console.print(f"Imported {found.written:,} {found.kind}{known}.", highlight=False)


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


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
    """What is wrong with the files or the sources, or who is in the way, in one sentence instead of
    a traceback."""
    try:
        with saying_refusals():
            yield
    except CityFilesError as error:
        raise give_up(str(error)) from error

"""`minqing audit …`: the chain of what was done."""

import typer

from app.cli.terminal import console, give_up, open_context
from app.core.clock import utc_now

app = typer.Typer(help="What was done with what is protected.", no_args_is_help=True)


@app.command()
def verify() -> None:
    """Follow the whole chain; exit code 1 when a row was changed, removed or moved.

    Number and hash of the last row are noted in the data directory, outside the database, and
    compared the next time.
    """
    from app.city.service import prepare_database
    from app.identity import audit

    with open_context() as context:
        prepare_database(context.engine)
        data_dir = context.settings.data_dir
        report = audit.check(context.engine, data_dir)
        audit.note(context.engine, data_dir, report, utc_now())
    if not report.ok:
        raise give_up(
            f"The chain does not hold from row {report.first_bad} on ({report.rows} rows)."
        )
    no, head = report.head
    console.print(f"{report.rows} rows, all as written. Last: {no} {head.hex()}", markup=False)

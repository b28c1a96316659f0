"""`minqing city …`: building, loading and importing a city."""

import typer

app = typer.Typer(help="The city that this server holds.", no_args_is_help=True)


@app.command()
def status() -> None:
    """What is loaded."""

"""The `minqing` command: a thin skin over the services."""

import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from app.cli.terminal import complain

COMMANDS = ("serve", "simulate", "openapi", "rebalance")
GROUPS = (
    "db", "city", "clock", "case", "standard", "export", "user", "key", "audit", "contact", "jobs",
    "retention", "plan", "bench", "webhook", "duty", "session",
)  # fmt: skip


def command_line(words: Sequence[str] = ()) -> typer.Typer:
    """The command line that understands `words`, with only the modules that they need.

    Importing all of them takes two seconds; the help lists them all and must.
    """
    app = typer.Typer(
        name="minqing",
        help="Minqing Map (民情地图): a city's situation map.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_nothing)  # also with one command alone its name is said
    known = (*COMMANDS, *GROUPS)
    named = [word for word in words[:1] if word in known] or known
    for name in named:
        module = import_module(f"app.cli.{name}")
        if name in GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def _nothing() -> None:
    """No option stands before the name of a command."""


def main() -> None:
    """Run the command line; what we can name ends in one sentence, not in a traceback."""
    try:
        command_line(sys.argv[1:])()
    except KeyboardInterrupt:
        complain("Stopped.")
        sys.exit(130)

"""`minqing session …`: who is signed in just now, and ending one session."""

from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import checked, console, open_context, saying_refusals
from app.core.clock import CITY_ZONE
from app.identity import open_sessions
from app.identity.rules import Role
from app.identity.session_schemas import NewLabel, OpenSession, SessionsQuery

app = typer.Typer(help="Open sessions, such as those of screens on walls.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(min=1, help="Its number (minqing session list).")]
AT_ONCE = 500


@app.command("list")
def list_all(
    role: Annotated[Role | None, typer.Option(help="Those that act in this role alone.")] = None,
    user: Annotated[str | None, typer.Option(help="Those of this account alone.")] = None,
) -> None:
    """List open sessions (local time)."""
    table = Table("session", "user", "label", "acts as", "since", "last seen", "ends")
    cursor = None
    with open_context() as context, saying_refusals():
        while True:
            words = {"role": role, "user": user, "limit": AT_ONCE, "cursor": cursor}
            page = open_sessions.list_sessions(context.engine, checked(SessionsQuery, words))
            for line in page.items:
                table.add_row(*_row(line))
            cursor = page.next
            if cursor is None:
                break
    console.print(table, markup=False)


def _row(line: OpenSession) -> tuple[str, ...]:
    acts = f"{line.role} in {line.area.code}" + (", watching" if line.watching else "")
    times = (
        f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}"
        for at in (line.since, line.seen_at, line.ends_at)
    )
    return str(line.id), line.user, line.label or "", acts, *times


@app.command()
def label(
    number: Number, text: Annotated[str, typer.Argument(help="Such as where the screen hangs.")]
) -> None:
    """Say what a session is known by."""
    with open_context() as context, saying_refusals():
        given = checked(NewLabel, {"label": text})
        open_sessions.label_session(context.engine, number, given.label)
    console.print(f"Session {number} is now {given.label}.", markup=False)


@app.command()
def end(number: Number) -> None:
    """End one session; its account may sign in again."""
    with open_context() as context, saying_refusals():
        name = open_sessions.end_session(context.engine, number)
    console.print(f"Session {number} of {name} has ended.", markup=False)

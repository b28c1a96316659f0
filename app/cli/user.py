"""`minqing user …`: accounts of staff posts, and what they may do where."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from app.cli.terminal import console, give_up, open_context, saying_refusals
from app.core.clock import CITY_ZONE
from app.core.context import Context
from app.core.db import reading
from app.identity import accounts, linking, passwords
from app.identity.rules import Role
from app.identity.second_factor import resetting
from app.identity.second_person import service as second_person
from app.identity.second_person.proposing import in_words
from app.identity.second_person.schemas import ProposalsQuery
from app.identity.sheets import service as sheets
from app.identity.sheets.rules import Outcome, SheetKind
from app.identity.sheets.schemas import SheetReport
from app.places import queries as places

app = typer.Typer(help="Who may sign in, and act as what, where.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Login of a staff post, e.g. duty_officer.")]
Area = Annotated[int, typer.Argument(help="15-digit code of the area.")]
Password = Annotated[
    str | None,
    typer.Option(help="Asked for when it is not given."),
]
Generated = Annotated[
    bool,
    typer.Option(
        "--generate", help="Make one up and print it: it must be changed at the first sign-in."
    ),
]


@contextmanager
def _accounts() -> Iterator[Context]:
    from app.city.service import prepare_database

    with open_context() as context:
        prepare_database(context.engine)
        with saying_refusals():
            yield context


def _password(given: str | None, *, generate: bool) -> str:
    """The password for an account: as given, made up, or asked for twice."""
    if given is not None and generate:
        raise give_up("Give either --password or --generate.")
    if generate:
        return passwords.made_up()
    if given is not None:
        return given
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _say_password(name: str, password: str, *, generate: bool) -> None:
    if generate:
        console.print(f"First password of {name}: {password}", markup=False, highlight=False)


def _say_code(name: str, code: str | None) -> None:
    if code is not None:
        console.print(
            f"An admin may know a way into {name}: at its next sign-in it is asked for this code,"
            f" which you hand to the post: {code}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


@app.command()
def add(
    name: Name,
    password: Password = None,
    role: Annotated[
        Role | None, typer.Option(help="What it may act as; the first account: city_admin.")
    ] = None,
    area: Annotated[
        int | None, typer.Option(help="Where it belongs and acts; default: the whole city.")
    ] = None,
    generate: Generated = False,
) -> None:
    """Add an account. The first one administers the city; others act as --role says, or not yet."""
    secret = _password(password, generate=generate)
    with _accounts() as context:
        engine = context.engine
        is_first = role is None and not accounts.has_real_admin(engine)
        if is_first:
            role = Role.CITY_ADMIN
        where = _city_of(context) if area is None else area
        if role is not None and where is None:
            raise give_up("No city is loaded yet, so say whose: --area CODE, for example --area"
                          " 620100000000000")  # fmt: skip
        accounts.add_account(engine, name, secret, role=role, area=where, must_change=generate)
    _say_password(name, secret, generate=generate)
    if role is None:
        console.print(f"Added {name}. Next: minqing user grant {name} ROLE AREA", markup=False)
    else:
        first = " Nobody did so before." if is_first else ""
        console.print(f"Added {name}, who acts as {role} in {where}.{first}", markup=False)


def _city_of(context: Context) -> int | None:
    with reading(context.engine) as session:
        city = places.city(session)
    return int(city.code) if city else None


@app.command()
def grant(
    name: Name,
    role: Annotated[Role, typer.Argument(help="In which capacity.")],
    area: Area,
    until: Annotated[
        datetime | None, typer.Option(help="Until when (local time of the city).")
    ] = None,
) -> None:
    """Let an account act in a role, in an area and everything in it."""
    ends_at = until.replace(tzinfo=CITY_ZONE) if until else None
    with _accounts() as context:
        granted = accounts.grant(context.engine, name, role, area, ends_at)
    console.print(f"{name} may now act as {role} in {area}.", markup=False)
    _say_code(name, granted.code)


@app.command()
def revoke(name: Name, role: Annotated[Role, typer.Argument()], area: Area) -> None:
    """Take a grant back; sessions that act under it end at once."""
    with _accounts() as context:
        accounts.revoke(context.engine, name, role, area)
    console.print(f"{name} no longer acts as {role} in {area}.", markup=False)


@app.command()
def passwd(name: Name, password: Password = None, generate: Generated = False) -> None:
    """Set another password; every session of the account ends. No admin counts as knowing a way
    into it any more."""
    secret = _password(password, generate=generate)
    with _accounts() as context:
        accounts.change(context.engine, name, password=secret, must_change=generate)
    console.print(f"{name} has another password.", markup=False)
    _say_password(name, secret, generate=generate)


@app.command()
def proposals() -> None:
    """List what admins have proposed and what waits for a second person."""
    with _accounts() as context:
        page = second_person.list_proposals(context.engine, None, ProposalsQuery(limit=500))
    table = Table("no", "what", "proposed by", "until")
    for one in page.items:
        what = in_words(one.kind, one.account, one.role, one.area.code, one.grants)
        until = one.expires_at.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M")
        table.add_row(str(one.no), what, one.proposed_by, until)
    console.print(table, markup=False)


@app.command()
def confirm(
    no: Annotated[int, typer.Argument(help="As `minqing user proposals` lists it.")],
) -> None:
    """Be the second person for what an admin has proposed, where no other admin can."""
    with _accounts() as context:
        confirmed = second_person.confirm(context.engine, None, no)
    one = confirmed.proposal
    what = in_words(one.kind, one.account, one.role, one.area.code, one.grants)
    console.print(f"Confirmed: {what}, proposed by {one.proposed_by}.", markup=False)
    for released in confirmed.codes:
        _say_code(released.account, released.code)


@app.command()
def disable(
    name: Name,
    undo: Annotated[bool, typer.Option("--undo", help="Let it in again.")] = False,
) -> None:
    """Let an account in no longer; every session of it ends."""
    with _accounts() as context:
        accounts.change(context.engine, name, disabled=not undo)
    console.print(f"{name} is {'enabled' if undo else 'disabled'}.", markup=False)


@app.command("reset-factor")
def reset_factor(name: Name) -> None:
    """Take the second factor from an account whose post has lost it; every session of it ends.
    Where its role must have one, the post sets up another at its next sign-in."""
    with _accounts() as context:
        resetting.reset(context.engine, name)
    console.print(f"{name} has no second factor.", markup=False)


@app.command()
def link(
    name: Name,
    subject: Annotated[
        str | None, typer.Argument(help="`sub` under which the city's provider knows it.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Link it to nobody there any more.")] = False,
) -> None:
    """Let whoever the city's provider (MINQING_OIDC_ISSUER) knows by a subject act as an account;
    every session of it ends."""
    if undo == (subject is not None):
        raise give_up("Give either a SUBJECT or --undo.")
    with _accounts() as context:
        linking.link(context.engine, context.settings, name, subject)
    done = "linked to nobody at the provider" if undo else "linked to that subject of the provider"
    console.print(f"{name} is {done}.", markup=False)


@app.command()
def sheet(
    file: Annotated[
        Path, typer.Argument(help="CSV or XLSX: account, role, area (账号, 角色, 区域代码).")
    ],
    end: Annotated[bool, typer.Option("--end", help="End the accounts of the sheet.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Take it; without: a report only.")] = False,
    secrets: Annotated[
        Path | None,
        typer.Option(help="A new file for first passwords and codes; unset: printed here."),
    ] = None,
) -> None:
    """Add the accounts and grants of many posts, or end them, after a report by row."""
    what = SheetKind.END if end else SheetKind.ADD
    if secrets is not None and secrets.exists():
        raise give_up(f"{secrets} is there already.")
    with _accounts() as context:
        report = sheets.bring(context.engine, None, file, what, dry_run=True)
        wrong = [row for row in report.rows if row.outcome is Outcome.WRONG]
        if yes and not wrong:
            report = sheets.bring(context.engine, None, file, what, dry_run=False)
    for row in wrong:
        console.print(f"row {row.row}, {row.column}: {row.reason}", markup=False, soft_wrap=True)
    told = ", ".join(f"{n} {outcome.value}" for outcome, n in sorted(report.counts.items()))
    state = "Taken" if report.done else "Nothing was changed"
    console.print(f"{state}: {told or 'no rows'}.", markup=False)
    if report.ignored:
        console.print(f"Not read: {', '.join(report.ignored)}", markup=False, soft_wrap=True)
    if wrong:
        raise typer.Exit(1)
    if not report.done:
        console.print("Take it with --yes.", markup=False)
        return
    _hand_out(report, secrets)


def _hand_out(report: SheetReport, file: Path | None) -> None:
    codes = {one.account: one.code for one in report.codes}
    given = {one.account: one.password for one in report.passwords}
    lines = [
        f"{name},{given.get(name, '')},{codes.get(name, '')}"
        for name in sorted(given.keys() | codes.keys())
    ]
    if not lines:
        return
    text = "\n".join(["account,first password,code", *lines])
    if file is None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        return
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(text + "\n", encoding="utf-8")
    console.print(f"First passwords and codes: {file}", markup=False, soft_wrap=True)


@app.command("list")
def list_all() -> None:
    """List every account and its grants."""
    with _accounts() as context:
        rows = accounts.list_accounts(context.engine)
    table = Table("user", "grants", "demo", "disabled")
    for row in rows:
        table.add_row(
            row.name, row.grants.replace(" ", "\n"), "demo" if row.demo else "",
            "disabled" if row.disabled_at else "",
        )  # fmt: skip
    console.print(table, markup=False)

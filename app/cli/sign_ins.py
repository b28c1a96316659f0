"""Before a server starts: whether it may listen there, and what is said about signing in."""

import ipaddress
import secrets

from sqlalchemy.exc import OperationalError

from app.cli.terminal import complain, console, give_up
from app.core import safety
from app.core.context import Context
from app.core.settings import Settings
from app.identity import accounts, demo
from app.identity import service as identity
from app.identity.rules import Role
from app.identity.second_factor.rules import roles_of
from geodata.codes import Level

NOT_LOOPBACK = (
    "is not a loopback address. There this server listens only without MINQING_DEMO, and once"
    " somebody administers the city: `minqing user add NAME`."
)
NOBODY = (
    "Nobody can sign in yet. Add the first account, which administers the city, in another"
    " terminal: `minqing user add NAME` (before a city is loaded with `--area CODE`)."
)


def refuse_open_demo(settings: Settings) -> None:
    """Demo accounts are for this machine only.

    Raises:
        typer.Exit: it is to listen beyond loopback.
    """
    if settings.demo and not is_loopback(settings.host):
        raise give_up(f"MINQING_HOST={settings.host} {NOT_LOOPBACK}")


def refuse_unknown_roles(settings: Settings) -> None:
    """What is no role could have no second factor, and nobody would notice.

    Raises:
        typer.Exit: MINQING_SECOND_FACTOR_ROLES names something that is none.
    """
    try:
        roles_of(settings.second_factor_roles)
    except ValueError as error:
        raise give_up(f"MINQING_SECOND_FACTOR_ROLES: {error}.") from None


def refuse_unguarded(context: Context) -> None:
    """Nobody is served by a database without its guards, nor strangers where nobody is in charge.
    What is less safe than it could be is said.

    Raises:
        typer.Exit: either is so.
    """
    host = context.settings.host
    if not is_loopback(host) and not accounts.has_real_admin(context.engine):
        raise give_up(f"MINQING_HOST={host} {NOT_LOOPBACK}")
    faults = identity.scope_faults(context.engine)
    if faults:
        raise give_up(f"Row security is not in order: {'; '.join(faults)}")
    try:
        notes = safety.notes(context)
    except OperationalError as error:
        said = str(error.orig).strip()
        raise give_up(f"Requests cannot sign in (MINQING_DATABASE_URL): {said}") from None
    for note in notes:
        complain(note)


def make_ready(context: Context) -> None:
    """The demo's accounts with the demo, none of them without; and say how to sign in."""
    if context.settings.demo:
        _ensure_demo_accounts(context)
        return
    demo.delete_demo_accounts(context.engine)
    if not accounts.has_real_account(context.engine):
        _say(NOBODY)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ensure_demo_accounts(context: Context) -> None:
    """One account a role and tier, for this run; how to sign in is said here and nowhere else."""
    password = context.settings.demo_password or secrets.token_urlsafe(9)
    areas = demo.ensure_demo_accounts(context.engine, password)
    if not areas:
        return
    shown = "as set in MINQING_DEMO_PASSWORD" if context.settings.demo_password else password
    _say("Demo sign-ins (this machine only):")
    _say(f"  user      {', '.join(Role)}")
    for area in areas:
        if area.level is not Level.CITY:
            _say(f"            or one of them with .{area.code}  {area.name or area.level}")
    _say(f"  password  {shown}")


def _say(line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)

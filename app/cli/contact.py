"""`minqing contact …`: the keys that seal the contacts of cases, and second factors."""

from typing import Annotated

import typer

from app.cli.terminal import complain, console, give_up, open_context
from app.core.context import Context
from app.core.db import reading
from app.identity.second_factor import queries as factor_queries
from app.incidents.contacts import keys as contact_keys
from app.incidents.contacts import service as contact

app = typer.Typer(help="The keys that seal the contacts of cases.", no_args_is_help=True)


def make_ready(context: Context) -> None:
    """Make the key file where nothing was sealed yet, and say when contacts need another one.

    Raises:
        typer.Exit: it cannot be used, or is missing beside what is sealed with its keys.
    """
    path = contact.key_file(context.settings)
    with reading(context.engine) as session:
        try:
            ring = contact.ring_of(session, path)
        except contact_keys.KeyFileError as error:
            raise give_up(f"The key of contacts: {error}.") from error
        lost = contact.unreadable(session, ring)
        factors = factor_queries.unreadable(session, ring.keys)
    if lost:
        complain(f"{lost} contacts are sealed with keys that {path} does not have.")
    if factors:
        complain(
            f"{factors} second factors are sealed with keys that {path} does not have: put them"
            " back, or take the factor away (`minqing user reset-factor NAME`)."
        )


@app.command("rotate-key")
def rotate_key(
    forget_old: Annotated[
        bool,
        typer.Option(
            "--forget-old",
            help="Take the old keys out of the file: contacts in older copies of the database can"
            " then be read by nobody.",
        ),
    ] = False,
) -> None:
    """Make a new key and seal every contact, second factor and webhook's secret with it. The server
    may go on meanwhile."""
    from app.city.service import prepare_database
    from app.identity import audit
    from app.identity.second_factor.models import SecondFactor
    from app.incidents.contacts.rotation import rotate
    from app.programs.webhooks.models import Webhook

    with open_context() as context:
        prepare_database(context.engine)
        with reading(context.engine) as session:
            code = audit.whole_city(session)
        try:
            done = rotate(
                context.engine,
                contact.key_file(context.settings),
                code,
                forget_old=forget_old,
                beside=(Webhook, SecondFactor),
            )
        except (contact_keys.KeyFileError, contact_keys.UnknownKeyError) as error:
            raise give_up(f"{error}.") from error
    console.print(
        f"Key {done.key_id}: {done.resealed} contacts sealed anew,"
        f" {done.forgotten} old keys forgotten.",
        markup=False, highlight=False,
    )  # fmt: skip

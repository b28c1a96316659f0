"""The file of a plan, made in a process of its own: the server's side, and the child's.

It takes a whole city's draft in memory and some seconds of a core; a GeoPackage is written by
C code that holds Python's interpreter all the while. The child signs in to the database as requests
do, under the scope of whoever asks.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from app.core import apart
from app.core.apart import DatabaseAway, Emit
from app.core.context import Context
from app.core.db import reading
from app.core.errors import unavailable
from app.core.scope import Scope
from app.core.settings import Settings
from app.core.waiting_room import NobodyWaits
from app.planning import held
from app.planning.reports import exports
from app.planning.reports.exports import Form

PATIENCE_S = 120.0
"""For so long a file may be made."""


class MadeFile(NamedTuple):
    """A file whose name is gone already: whatever becomes of its reader, nothing stays behind.

    Attributes:
        name: as whoever takes it is to call it.
        content: to be closed by whoever reads it.
    """

    name: str
    length_bytes: int
    content: BinaryIO


def make(
    is_alone: Callable[[], bool], context: Context, scope: Scope, plan_id: int, form: Form
) -> MadeFile:
    """Have the file of a plan made in a child.

    Args:
        is_alone: whether nobody waits for it any more.

    Raises:
        Problem: 404; 422 on `area`; 409 `base-units`; 503 where the database is away, or it takes
            longer than `PATIENCE_S`.
        NobodyWaits: as `is_alone` says.
        ChildFault: a fault of ours.
    """
    ends_at_s = time.monotonic() + PATIENCE_S

    def look(_: object) -> None:
        if is_alone():
            raise NobodyWaits
        if time.monotonic() > ends_at_s:
            raise unavailable(f"The file took longer than {PATIENCE_S:.0f} s to make. Try again.")

    with tempfile.TemporaryDirectory(prefix="minqing-plan-") as name:
        folder = Path(name)
        path = folder / f"plan.{form}"
        request_url = context.request_url.render_as_string(hide_password=False)
        job = (context.settings, request_url, scope, plan_id, form, path)
        try:
            called = apart.call(_write, *job, on_message=look, folder=folder)
        except DatabaseAway:
            raise unavailable("The database does not answer. Try again.") from None
        return MadeFile(called, path.stat().st_size, path.open("rb"))


def _write(  # noqa: PLR0917 from where, for whom, what, to where
    settings: Settings,
    request_url: str,
    scope: Scope,
    plan_id: int,
    form: Form,
    path: Path,
    _: Emit,
) -> str:
    """In the child: write the file; what it is to be called."""
    # GDAL's driver would import them, which takes as long as a small file.
    for unused in ("geopandas", "pandas", "pyarrow"):
        sys.modules[unused] = None  # type: ignore[assignment]
    context = Context.open(settings, request_url)
    with reading(context.request_engine, scope) as session:
        file = exports.export(session, held.find(session, plan_id), form)
    file.write(path)
    return file.name

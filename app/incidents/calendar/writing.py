"""Writing the city's file of working days, once the transaction that took a year is committed.

The text stands in `taken_days` until it is in the file. Whoever took it writes the file at once; a
task does so where that was broken off.
"""

import os
import tempfile
from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from app.core import jobs
from app.core.context import Context
from app.core.db import writing
from app.core.errors import unavailable
from app.incidents.calendar import queries
from app.incidents.clocks.limits import local_midnight
from app.incidents.clocks.workdays import FILE_NAME
from app.incidents.reading.rewriting import ask_rewrite

WRITE = "write_working_days"


def write_taken(engine: Engine, data_dir: Path) -> bool:
    """Write what was taken last into the city's file, and have the reading model follow; whether
    there was anything to write. May be broken off anywhere and done again.

    Raises:
        Problem: 503 where the file cannot be written.
    """
    with writing(engine) as session:
        queries.hold_days(session)
        taken = queries.taken(session)
        if not taken:
            return False
        replace_file(data_dir / FILE_NAME, taken[-1].content)
        queries.forget_taken(session)
        first_year = min(row.year for row in taken)
        ask_rewrite(session, local_midnight(date(first_year, 1, 1)))
    return True


def replace_file(path: Path, text: str) -> None:
    """Replace a file whole: whoever reads it sees the old one or the new one.

    Raises:
        Problem: 503 where it cannot be written.
    """
    try:
        staged = _staged(path, text)
        staged.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def refuse_unwritable(path: Path, text: str) -> None:
    """Refuse what could not be written later: the file is written beside its place, and goes.

    Raises:
        Problem: 503 where that fails.
    """
    try:
        _staged(path, text).unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def _staged(path: Path, text: str) -> Path:
    """The text in a file of its own beside a path, on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="", dir=path.parent, prefix=path.name, delete=False
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    staged = Path(file.name)
    staged.chmod(0o644)
    return staged


def _unwritable(path: Path, error: OSError) -> Exception:
    return unavailable(f"{path} cannot be written: {error.strerror}.")


def _run(context: Context, _asked: jobs.Asked) -> str:
    wrote = write_taken(context.engine, context.settings.data_dir)
    return "written" if wrote else "it stands in the file already"


TASK = jobs.Task(WRITE, _run)

"""One import at work: the file's rows, the loaded city around them, and the report."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from app.city.importing import queries
from app.city.importing.drawn import Drawn
from app.city.importing.report import ImportReport
from app.files.sandbox import FileRows
from app.places import versions
from geodata.codes import Level
from geodata.progress import Progress

T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """What the sender has declared beside the file.

    Attributes:
        crs, layer, encoding: of the file; None: what the file says.
        columns: our field -> the file's column.
        dry_run: check everything, write nothing.
        replace: areas only: remove the loaded city, demo or not, and begin with this file.
        city_name: areas only: the city's name, where the file has no row for the city itself.
    """

    crs: str | None = None
    layer: str | None = None
    encoding: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False
    replace: bool = False
    city_name: str | None = None


class BoundariesMoved(Exception):
    """Others have drawn boundaries since the file was compared with them."""


@dataclass
class Work:
    """Everything that an importer works with.

    Attributes:
        session: holds nothing while the file is checked, which may take long; from `begin_writing`
            on in the transaction that ends all or nothing.
        open_writing: opens that transaction.
        file: the rows as read.
        options: as declared.
        now: the present.
        report: filled on the way.
        progress: told of the steps.
        loaded: level -> areas in force, read when asked for.
    """

    session: Session
    open_writing: Callable[[], Session]
    file: FileRows
    options: Options
    now: datetime
    report: ImportReport
    progress: Progress
    loaded: dict[Level, Drawn] = field(default_factory=dict)
    compared_with: int = field(init=False)
    writes: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Remember against which boundaries the file is checked."""
        self.compared_with = versions.last_version(self.session)
        self.now = versions.after_last(self.session, self.now, queries.newest_base(self.session))

    def begin_writing(self) -> None:
        """All is checked and computed: take the lock on boundaries and begin the transaction.

        Raises:
            Problem: 409 `boundaries-busy`.
            BoundariesMoved: what the file was checked against is no more.
        """
        self.session = self.open_writing()
        versions.lock_boundaries(self.session)
        if versions.last_version(self.session) != self.compared_with:
            raise BoundariesMoved
        # What others have seen meanwhile stays as they saw it.
        now = max(self.now, versions.clock(self.session))
        self.now = versions.after_last(self.session, now, queries.newest_base(self.session))
        self.writes = True

    def each(
        self,
        name: str,
        parse: Callable[[str], T],
        default: Callable[[int], T] | None = None,
    ) -> list[T | None]:
        """The values of a field; rows whose value cannot be read are refused and None.

        Args:
            name: our field.
            parse: text to value; a ValueError says what is wrong.
            default: row index -> the value where the file has none; None: it must have one.
        """
        texts = self.file.fields.get(name)
        answer: list[T | None] = []
        for index in range(len(self.file.row)):
            text = texts[index] if texts is not None else None
            value: T | None = None
            if text is not None:
                try:
                    value = parse(text)
                except ValueError as error:
                    self.refuse(index, name, str(error))
            elif default is not None:
                value = default(index)
            else:
                self.refuse(index, name, "is missing")
            answer.append(value)
        return answer

    def refuse(self, index: int, field_name: str, reason: str) -> None:
        """Refuse the row at this place of the file."""
        self.report.refuse(int(self.file.row[index]), field_name, reason)

    def refuse_outside(self, index: int, field_name: str, reason: str) -> None:
        """Refuse the row at this place of the file because it lies outside."""
        self.report.refuse_outside(int(self.file.row[index]), field_name, reason)

    def refuse_twice(self, name: str, values: list[T | None]) -> None:
        """Refuse rows whose value an earlier row has."""
        seen: dict[T, int] = {}
        for index, value in enumerate(values):
            if value is None:
                continue
            if value in seen:
                first = int(self.file.row[seen[value]])
                self.refuse(index, name, f"is the same as in row {first}: {value}")
            seen.setdefault(value, index)

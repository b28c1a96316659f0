"""One import at work: the file's rows, the loaded city around them, and the report."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.city.importing.report import ImportReport
from app.files.sandbox import FileRows
from geodata.codes import Level
from geodata.progress import Progress

T = TypeVar("T")
GeometryArray = NDArray[np.object_]


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


@dataclass(frozen=True)
class Drawn:
    """Areas of one level in force: codes ascending, with names and outlines (EPSG:4326)."""

    codes: NDArray[np.int64]
    names: list[str]
    geometries: GeometryArray

    def row_of(self, code: int) -> int | None:
        """Where an area stands, if it is there."""
        row = int(np.searchsorted(self.codes, code))
        return row if row < len(self.codes) and self.codes[row] == code else None

    def at(self, points: GeometryArray) -> NDArray[np.int64]:
        """The code of the area around each point, 0 for none; the lowest code on a border."""
        found = np.zeros(len(points), dtype=np.int64)
        if len(self.codes):
            point, area = shapely.STRtree(self.geometries).query(points, predicate="intersects")
            order = np.argsort(-self.codes[area], kind="stable")
            found[point[order]] = self.codes[area[order]]
        return found


@dataclass
class Work:
    """Everything that an importer works with.

    Attributes:
        session: in the transaction that ends all or nothing.
        file: the rows as read.
        options: as declared.
        now: the present.
        report: filled on the way.
        progress: told of the steps.
        loaded: level -> areas in force, read when asked for.
    """

    session: Session
    file: FileRows
    options: Options
    now: datetime
    report: ImportReport
    progress: Progress
    loaded: dict[Level, Drawn] = field(default_factory=dict)

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

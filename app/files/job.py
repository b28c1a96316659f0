"""What the reading child is asked, and what it answers. Pure: the child imports little."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

MOST_REFUSALS = 2_000
MOST_LAYERS = 100
"""So many names of layers are told."""
ROWS_FILE, FIELDS_FILE = "rows.npz", "fields.json"


class FileRefused(Exception):
    """The whole file cannot be read; the message is a sentence for its sender.

    Attributes:
        layers: that it has, where one of them must be named.
    """

    def __init__(self, message: str, layers: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.layers = tuple(layers[:MOST_LAYERS])


class Shape(StrEnum):
    """What each row must be drawn as."""

    POLYGON = "polygon"
    POINT = "point"


@dataclass(frozen=True)
class Job:
    """One file to read.

    Attributes:
        path: our own copy of it.
        name: what its sender calls it, for messages and for telling text files apart.
        shape: what each row must be.
        fields: our field -> names under which a file may carry it.
        columns: our field -> the sender's name for it, as declared.
        crs: the declared coordinate system, if any.
        layer: the layer or sheet, if it was named.
        encoding: of the text, if it was declared.
        may_have_address: rows without coordinates are kept when they have an address.
        cpu_s: seconds of computing that reading may take.
    """

    path: str
    name: str
    shape: Shape
    fields: dict[str, list[str]]
    columns: dict[str, str]
    crs: str | None
    layer: str | None
    encoding: str | None
    may_have_address: bool
    cpu_s: int = 180


@dataclass(frozen=True)
class Refusal:
    """A row that cannot be taken.

    Attributes:
        row: as its sender counts: the line of a table (headings are line 1), else the record.
        field: the field or column at fault.
        reason: what is wrong, in words.
    """

    row: int
    field: str
    reason: str


@dataclass
class Answer:
    """What the child found; the rows themselves are in files beside it.

    Attributes:
        format: what the file is.
        crs: the coordinate system that was used.
        layer: the layer or sheet that was read.
        rows: how many rows the file has.
        refusals: the first MOST_REFUSALS rows that cannot be taken.
        refused_rows: all of their numbers.
        missing: our fields of which the file has no column.
        notes: what its sender should know.
        error: why the file as a whole is refused, if it is.
        layers: those that it has, where one must be named.
        unconfined: what this machine could not keep the child from (`core.confine`).
    """

    format: str = ""
    crs: str | None = None
    layer: str | None = None
    rows: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    refused_rows: list[int] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    layers: list[str] = field(default_factory=list)
    unconfined: list[str] = field(default_factory=list)

    def refuse(self, row: int, at: str, reason: str) -> None:
        """Note a row that cannot be taken."""
        self.refused_rows.append(row)
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals.append(Refusal(row, at, reason))

    def to_json(self) -> dict[str, Any]:
        """As JSON knows it."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Answer":
        """The answer again."""
        refusals = [Refusal(**refusal) for refusal in raw.pop("refusals")]
        return cls(**raw, refusals=refusals)

"""What drawing on a plan takes and gives."""

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from app.core.errors import FieldValueError
from app.core.query_words import AreaCode
from app.planning.rules import MOST_MOVES, EditKind
from app.planning.schemas import Body, Note
from geodata.rebalance.validity import Fault

UnitId = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
ByHand = Literal[EditKind.MOVE, EditKind.SPLIT, EditKind.JOIN, EditKind.MEND, EditKind.RESET]
# What each kind must name, and what it may name besides.
_NEEDS: dict[EditKind, tuple[frozenset[str], frozenset[str]]] = {
    EditKind.MOVE: (frozenset({"moves"}), frozenset()),
    EditKind.SPLIT: (frozenset({"cell_code"}), frozenset()),
    EditKind.JOIN: (frozenset({"cell_code", "into"}), frozenset()),
    EditKind.MEND: (frozenset(), frozenset({"cell_code", "area_code"})),
    EditKind.RESET: (frozenset(), frozenset({"cell_code", "area_code"})),
}


class WantedMove(Body):
    """A unit, and the cell that it is to belong to."""

    unit_id: UnitId = Field(description="The base unit.")
    cell_code: AreaCode = Field(
        description="A cell of its community; a new one takes the community's next free number."
    )


class NewEdit(Body):
    """A change of a plan. `split`, `join`, `mend` and `reset` find the units by themselves."""

    kind: ByHand = Field(description="move, split, join, mend or reset.")
    moves: list[WantedMove] | None = Field(
        default=None, min_length=1, max_length=MOST_MOVES, description="Of `move`: each unit once."
    )
    cell_code: AreaCode | None = Field(
        default=None,
        description="Of `split`: the cell to be cut in two of about equal work; of `join`: the cell"
        " that goes; of `mend` and `reset`: this cell only.",
    )
    into: AreaCode | None = Field(default=None, description="Of `join`: the cell that stays.")
    area_code: AreaCode | None = Field(
        default=None,
        description="Of `mend` and `reset`: only inside this area, a community or larger.",
    )
    note: Note = Field(default="", description="Plain text for the log.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        needed, possible = _NEEDS[self.kind]
        for name in ("moves", "cell_code", "into", "area_code"):
            given = getattr(self, name) is not None
            if name in needed and not given:
                raise FieldValueError(name, f"is needed for {self.kind}")
            if given and name not in needed | possible:
                raise FieldValueError(name, f"means nothing to {self.kind}")
        counted = Counter(move.unit_id for move in self.moves or ())
        twice = sorted(unit for unit, times in counted.items() if times > 1)[:20]
        if twice:
            raise FieldValueError("moves", f"units more than once: {', '.join(map(str, twice))}")
        return self


class UnitMove(BaseModel):
    """A unit that lies in another cell now."""

    unit_id: int = Field(description="The base unit.")
    before: int = Field(description="Its cell in the plan before.")
    after: int = Field(description="Its cell in the plan now.")


class FaultFound(BaseModel):
    """Something that keeps a plan from being published."""

    rule: str = Field(description="The broken rule.", examples=["in_one_piece"])
    detail: str = Field(description="What is wrong, in English.")
    cells: list[int] = Field(description="Cells concerned.")
    units: list[int] = Field(description="Units concerned.")

    @classmethod
    def of(cls, fault: Fault) -> "FaultFound":
        """A fault as the gate finds it."""
        return cls(rule=fault.rule.value, detail=fault.detail, cells=list(fault.cells),
                   units=list(fault.units))  # fmt: skip


class EditAnswer(BaseModel):
    """What an edit, an undo or a redo has changed."""

    no: int | None = Field(description="Number of the edit; null where nothing had to change.")
    revision: int = Field(ge=1, description="Of the plan now; the ETag.")
    moves: list[UnitMove] = Field(
        description="Units that changed their cell, those of new cells that moved up included."
    )
    faults: list[FaultFound] = Field(
        description="What keeps the touched communities from being published: warnings."
    )

"""Which cases are asked for: one filter for tiles, points, heat and figures."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime


@dataclass(frozen=True)
class CaseFilter:
    """Cases reported in [since, until) and not after `as_of`, as they stood at `as_of`.

    Attributes:
        as_of: the minute of which the answer tells (UTC).
        since, until: when they were reported (UTC), `until` exclusive.
        in_past: `as_of` was asked for, so states are those of that minute, not the newest.
        codes: first and last cell code, both inclusive; None for everywhere.
        scope: the codes that whoever asks may see at all; applied whatever `codes` says, to the
            cell of now.
        area: the codes of the area asked for, of which `codes` is the part inside the scope;
            decides about cases that are counted in another cell than that of now.
        drawn_at: each case lies in the cell that holds its place as drawn at this instant; None:
            in the cell in which it lay at `as_of`. Heeded by counting alone.
        lay_in: number and cell of the cases of the area that lay in another cell at `as_of` than
            now, for statements that filter by cell (see tiles.past_cells); counting knows them
            itself.
        categories: prefixes of two or four digits; empty for all.
        statuses: states; None for all.
        is_open: only those open (True) or closed (False) at `as_of`; None for both.
    """

    as_of: datetime
    since: datetime
    until: datetime
    in_past: bool = False
    codes: tuple[int, int] | None = None
    scope: tuple[int, int] | None = None
    area: tuple[int, int] | None = None
    drawn_at: datetime | None = None
    lay_in: tuple[tuple[int, int], ...] = ()
    categories: tuple[str, ...] = ()
    statuses: frozenset[str] | None = None
    is_open: bool | None = None

    @property
    def needs_history(self) -> bool:
        """Whether only the event log can answer: a state other than open or closed, in the past."""
        return self.in_past and self.statuses is not None

    @property
    def come_and_gone(self) -> tuple[list[int], list[int]] | None:
        """Numbers of cases that lay in the area at `as_of`, whether or not they do now, and of
        those that lay outside; None where that changes nothing."""
        if self.area is None or not self.lay_in:
            return None
        lo, hi = self.area
        come = [no for no, cell in self.lay_in if lo <= cell <= hi]
        return come, [no for no, cell in self.lay_in if not lo <= cell <= hi]

    def open_at_all(self) -> "CaseFilter":
        """The same cases whenever they were reported, open ones only."""
        return replace(self, since=datetime(2000, 1, 1, tzinfo=UTC), is_open=True)

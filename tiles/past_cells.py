"""In which cell cases lay at a past minute, where boundaries were redrawn under them since.

Rows hold the cell of now. Few cases ever move: their moves are looked up first, and a statement
that filters by cell is told of them.
"""

from dataclasses import replace
from typing import LiteralString

from tiles.pool import TilePool, asking
from tiles.selection import CaseFilter

# What a case left first after that minute is where it lay. Others concern no such area.
_LAY_IN: LiteralString = """
SELECT no, from_cell FROM (
    SELECT DISTINCT ON (no) no, from_cell, cell_code FROM published.incident_event
    WHERE from_cell IS NOT NULL AND at > %(as_of)s
    ORDER BY no, at, ordinal
) m
WHERE from_cell BETWEEN %(lo)s AND %(hi)s OR cell_code BETWEEN %(lo)s AND %(hi)s
"""
EVERYWHERE = 0, 10**15


async def as_lay_then(
    pool: TilePool, wanted: CaseFilter, session_token: str | None = None
) -> CaseFilter:
    """The same filter, told which cases of its area, of then or of now, lay in another cell at its
    minute than now; of now as it is.

    Raises:
        psycopg.OperationalError: the database does not answer.
    """
    if not wanted.in_past:
        return wanted
    async with asking(pool, session_token) as connection, connection.cursor(binary=True) as cursor:
        lo, hi = wanted.area or EVERYWHERE
        await cursor.execute(_LAY_IN, {"as_of": wanted.as_of, "lo": lo, "hi": hi})
        return replace(wanted, lay_in=tuple(await cursor.fetchall()))

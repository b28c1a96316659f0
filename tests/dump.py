"""Everything that a database holds, as text: what is not found in it is not there."""

import struct

from sqlalchemy import Engine, text

from app.core.db import reading


def dump(engine: Engine, without: frozenset[str] = frozenset()) -> dict[str, str]:
    """Every row of every table of ours, lower case, by table; bytes and geometry in hex."""
    with reading(engine) as session:
        tables = session.scalars(
            text("SELECT c.oid::regclass::text FROM pg_class c"
                 " WHERE c.relnamespace IN ('public'::regnamespace, to_regnamespace('jobs'))"
                 " AND c.relkind = 'r' AND c.relname <> 'spatial_ref_sys'")
        ).all()  # fmt: skip
        return {
            table: str(
                session.scalar(text(f"SELECT string_agg(t::text, E'\\n') FROM {table} t")) or ""
            ).lower()
            for table in tables
            if table not in without
        }


def holding(found: dict[str, str], *words: str) -> dict[str, list[str]]:
    """Which of the words stand in which tables."""
    hits = {
        table: [word for word in words if word.lower() in rows] for table, rows in found.items()
    }
    return {table: words_there for table, words_there in hits.items() if words_there}


def writings(degrees: float) -> list[str]:
    """How a coordinate can be written: in digits, and in the eight bytes of a geometry."""
    return [repr(degrees), struct.pack("<d", degrees).hex(), struct.pack(">d", degrees).hex()]

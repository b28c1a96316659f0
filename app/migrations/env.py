"""Alembic's entry: our tables, our engine, nothing of PostGIS's own."""

from typing import Any

from alembic import context

from app.core.db import Base, wait_as_long_as_it_takes
from app.migrations import tables  # noqa: F401  (registers every model)

# Partitions are made by month, not by migration, so they are no tables of ours here.
OWN = set(Base.metadata.tables)


def include_object(item: Any, name: str | None, kind: str, reflected: bool, _: Any) -> bool:
    """Keep PostGIS's tables, the partitions and reflected strangers out of the comparison."""
    if kind == "table":
        return name in OWN
    return True


def run() -> None:
    """Run the migrations over the engine that `core.schema` handed in."""
    engine = context.config.attributes["engine"]
    with engine.begin() as connection:
        wait_as_long_as_it_takes(connection)
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=include_object,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()

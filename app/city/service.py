"""Making the database ready, and filling it with a whole city."""

from sqlalchemy import Engine

from app.city import queries
from app.core import schema
from app.core.db import writing


def prepare_database(engine: Engine) -> None:
    """Upgrade the tables and write the fixed vocabularies. Safe at every start.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database refuses; nothing half-done stays.
    """
    schema.upgrade(engine)
    with writing(engine) as session:
        queries.write_vocabularies(session)

"""What one process of the server holds: settings, and the ways to the database."""

from dataclasses import dataclass, replace

from sqlalchemy import URL, Engine

from app.core.db import DATA_DIR, as_psycopg_url, conninfo, make_engine
from app.core.settings import Settings


@dataclass(frozen=True)
class Context:
    """Made once in `main`, reached by routes through `identity.deps`."""

    settings: Settings
    url: URL
    engine: Engine

    @property
    def conninfo(self) -> str:
        """The database's address as libpq writes it, for connections without SQLAlchemy."""
        return conninfo(self.url)

    def apart(self, pool_size: int) -> "Context":
        """The same over connections of its own: who uses it waits for nobody's. To be disposed of
        by whoever asks for it.

        Args:
            pool_size: connections kept; as many again may overflow.
        """
        engine = make_engine(self.url, pool_size=pool_size)
        return replace(self, engine=engine.execution_options(**{DATA_DIR: self.settings.data_dir}))

    @classmethod
    def open(cls, settings: Settings, database_url: str) -> "Context":
        """A context over a database that is already there.

        Raises:
            ValueError: the URL does not name PostgreSQL.
        """
        url = as_psycopg_url(database_url)
        engine = make_engine(url).execution_options(**{DATA_DIR: settings.data_dir})
        return cls(settings, url, engine)

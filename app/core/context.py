"""What one process of the server holds: settings, and the ways to the database."""

from dataclasses import dataclass, replace

from sqlalchemy import URL, Engine

from app.core.db import DATA_DIR, OWNER_POOL_SIZE, as_psycopg_url, conninfo, make_engine
from app.core.scope import OF_OWNER
from app.core.settings import Settings


@dataclass(frozen=True)
class Context:
    """Made once in `main`, reached by routes through `identity.deps`.

    Two ways lead to one database. By `engine` the server signs in as the role that owns it, for
    what belongs to no request: sign-in and accounts, the relay, jobs, commands. By
    `request_engine` it signs in as one that owns nothing: whatever runs under somebody's scope
    goes there (`core.scope.confine`). They are the same where only one address is known.
    """

    settings: Settings
    url: URL
    engine: Engine
    request_url: URL
    request_engine: Engine

    @property
    def conninfo(self) -> str:
        """The owner's address as libpq writes it, for connections without SQLAlchemy."""
        return conninfo(self.url)

    @property
    def request_conninfo(self) -> str:
        """The same for what runs under somebody's scope."""
        return conninfo(self.request_url)

    @property
    def has_request_url(self) -> bool:
        """Whether there is an address of its own for what runs under somebody's scope."""
        return self.request_engine is not self.engine

    def environment(self) -> dict[str, str]:
        """The variables by which another process of ours finds this database."""
        named = {"MINQING_DATABASE_URL": self.request_url}
        if self.has_request_url:
            named["MINQING_OWNER_DATABASE_URL"] = self.url
        return {name: url.render_as_string(hide_password=False) for name, url in named.items()}

    def dispose(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()
        self.request_engine.dispose()

    def apart(self, pool_size: int) -> "Context":
        """The same over connections of its own, of the owner: who uses it waits for nobody's. Its
        `engine` is to be disposed of by whoever asks for it.

        Args:
            pool_size: connections kept; as many again may overflow.
        """
        options = self.engine.get_execution_options()
        return replace(self, engine=make_engine(self.url, pool_size=pool_size, options=options))

    @classmethod
    def open(
        cls, settings: Settings, database_url: str, request_url: str | None = None
    ) -> "Context":
        """A context over a database that is already there.

        Args:
            database_url: as whoever owns it.
            request_url: as `minqing_login`; None where there is only the other one.

        Raises:
            ValueError: a URL does not name PostgreSQL.
        """
        url = as_psycopg_url(database_url)
        options = {DATA_DIR: settings.data_dir}
        if request_url is None:
            engine = make_engine(url, options=options)
            return cls(settings, url, engine, url, engine)
        engine = make_engine(url, pool_size=OWNER_POOL_SIZE, options={**options, OF_OWNER: True})
        for_requests = as_psycopg_url(request_url)
        return cls(settings, url, engine, for_requests, make_engine(for_requests, options=options))

    @classmethod
    def of_settings(cls, settings: Settings) -> "Context":
        """A context over the database that the settings name.

        Raises:
            ValueError: they name none, or not PostgreSQL.
        """
        if settings.database_url is None:
            raise ValueError("MINQING_DATABASE_URL is not set")
        if settings.owner_database_url is None:
            return cls.open(settings, settings.database_url)
        return cls.open(settings, settings.owner_database_url, settings.database_url)

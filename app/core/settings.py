"""Settings, from the environment (prefix `MINQING_`). Names are public: add, do not rename."""

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One immutable reading of the environment."""

    model_config = SettingsConfigDict(env_prefix="MINQING_", frozen=True, extra="ignore")

    database_url: str | None = Field(
        default=None, description="URL of a PostGIS that is already there; unset: the embedded one."
    )
    data_dir: Path = Field(default=Path(".data"), description="Everything that we write to disk.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on.")
    demo: bool = Field(default=False, description="Demo city, demo notices and the simulation.")
    demo_password: str | None = Field(
        default=None,
        min_length=10,
        description="Password of the demo accounts; unset: a random one, printed at every start.",
    )
    simulate: bool | None = Field(
        default=None, description="Let a demo city live beside the server; unset: as `demo`."
    )
    contact_key_file: Path | None = Field(
        default=None,
        description="Keys that seal the contacts of cases (mode 0600, made when missing); unset:"
        " `contact.key` in the data directory. Keep a copy apart from the database's.",
    )
    workers: int = Field(default=1, ge=1, le=32, description="Web worker processes.")

    @property
    def simulates(self) -> bool:
        """Whether the server brings its own simulation along; only a demo city has one."""
        return self.demo and self.simulate is not False


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()

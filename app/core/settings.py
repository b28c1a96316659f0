"""Settings, from the environment (prefix `MINQING_`). Names are public: add, do not rename."""

import ipaddress
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core import mail_address

USUAL_PORTS = {"http": ":80", "https": ":443"}


class SmtpSecurity(StrEnum):
    """How the way to the mail server is encrypted."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


SMTP_PORTS = {SmtpSecurity.STARTTLS: 587, SmtpSecurity.TLS: 465, SmtpSecurity.NONE: 25}


class Settings(BaseSettings):
    """One immutable reading of the environment."""

    model_config = SettingsConfigDict(env_prefix="MINQING_", frozen=True, extra="ignore")

    database_url: str | None = Field(
        default=None, description="URL of a PostGIS that is already there; unset: the embedded one."
    )
    owner_database_url: str | None = Field(
        default=None,
        description="The same database, as the role that owns it: for what belongs to no request."
        " `MINQING_DATABASE_URL` is then that of `minqing_login`, which owns nothing; unset: both"
        " are one.",
    )
    data_dir: Path = Field(default=Path(".data"), description="Everything that we write to disk.")
    min_free_mb: int = Field(
        default=512,
        ge=0,
        description="Less free space than this (MiB) where the data directory or the embedded"
        " database lies, and `/readyz` says so; 0: never.",
    )
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
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#\s@]+(/[A-Za-z0-9._~-]+)*/?$",
        description="Under which address people reach the server (scheme, name, and a path where"
        " it shares the name with others); unset: that on which it listens.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[^?#\s]*$",
        description="A provider at which people may sign in too (OpenID Connect); https.",
    )
    oidc_client_id: str | None = Field(default=None, description="What it knows us as.")
    oidc_client_secret: SecretStr | None = Field(default=None, description="Our secret with it.")
    oidc_client_secret_file: Path | None = Field(
        default=None, description="A file that holds that secret instead."
    )
    oidc_claim: str = Field(
        default="preferred_username",
        description="The claim of its ID token that is the name of an account here, where accounts"
        " are linked by it.",
    )
    oidc_link_by_claim: bool = Field(
        default=False,
        description="Link an account that is not linked yet to whoever first comes from the"
        " provider with its name in that claim; only where nobody can change it there by"
        " themselves.",
    )
    oidc_name: str | None = Field(
        default=None, max_length=40, description="How the sign-in page calls it; unset: its host."
    )
    require_confinement: bool = Field(
        default=False,
        description="Read no file from outside where the process that reads it cannot be kept from"
        " other files, sockets and programs; unset: the report says so.",
    )
    webhook_private: bool = Field(
        default=False,
        description="Let webhooks go to addresses inside the own network, and by http.",
    )
    smtp_host: str | None = Field(
        default=None,
        pattern=r"^[0-9A-Za-z.:-]+$",
        description="A mail server, for telling desks of their cases; unset: no mail.",
    )
    smtp_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Its port; unset: 587 (starttls), 465 (tls), 25 (none).",
    )
    smtp_security: SmtpSecurity = Field(
        default=SmtpSecurity.STARTTLS,
        description="`starttls`, `tls`, or `none`: only on this machine or inside the own network.",
    )
    smtp_user: str | None = Field(default=None, description="Our account with it.")
    smtp_password: SecretStr | None = Field(default=None, description="Our password with it.")
    smtp_password_file: Path | None = Field(
        default=None, description="A file that holds that password instead."
    )
    smtp_from: str | None = Field(default=None, description="From which address mail comes.")
    workers: int = Field(default=1, ge=1, le=32, description="Web worker processes.")
    max_connections: int = Field(
        default=4_000, ge=10, le=100_000, description="Connections of one worker at most."
    )
    head_within_s: float = Field(
        default=10.0, gt=0, le=600, description="Seconds in which a request's header must come."
    )
    stalled_after_s: float = Field(
        default=60.0,
        gt=0,
        le=3_600,
        description="Seconds in which a body, or an answer that is read, must go on by 4 KiB.",
    )
    streams_per_session: int = Field(
        default=10, ge=1, le=100_000, description="Live streams of one session in one worker."
    )
    idle_minutes: int = Field(
        default=15,
        ge=1,
        le=720,
        description="Minutes without a person after which a session only watches: it asks for the"
        " password before it does more.",
    )
    watching_hours: int = Field(
        default=12,
        ge=0,
        le=12,
        description="Hours after its sign-in until which a session that nobody uses goes on"
        " watching; 0: it ends instead.",
    )
    second_factor_roles: str = Field(
        default="city_admin,auditor",
        pattern=r"^[a-z_, ]*$",
        description="Roles that must have a second factor (commas between): who acts in one of them"
        " sets it up at the next sign-in. Everybody else may; empty: nobody must. Demo accounts"
        " need none.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        pattern=r"^[0-9A-Fa-f.:/, ]+$",
        description="Addresses of the proxies in front (commas between): what they say of the"
        " caller's address and of https is believed.",
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Whoever sends it (`Authorization: Bearer …`) reads `/metrics`, from anywhere;"
        " unset: callers on this machine do.",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="A port of their own for the counters, without a token; `/metrics` is closed"
        " then, unless there is a token as well.",
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="Address on which that port listens."
    )

    @model_validator(mode="after")
    def _knows_both_ways(self) -> Self:
        if self.owner_database_url is not None and self.database_url is None:
            raise ValueError("MINQING_OWNER_DATABASE_URL needs MINQING_DATABASE_URL")
        return self

    @model_validator(mode="after")
    def _knows_the_provider(self) -> Self:
        if self.oidc_issuer is not None and not self.oidc_client_id:
            raise ValueError("MINQING_OIDC_ISSUER needs MINQING_OIDC_CLIENT_ID")
        return self

    @property
    def public_path(self) -> str:
        """The path of `public_url` without a slash at its end; empty for a name of our own."""
        return urlsplit(self.public_url or "").path.rstrip("/")

    @property
    def public_origin(self) -> str | None:
        """`public_url` as browsers write where a page comes from, or None: in small letters, and
        without the port that goes with the scheme."""
        if self.public_url is None:
            return None
        scheme, netloc = urlsplit(self.public_url.lower())[:2]
        return f"{scheme}://{netloc.removesuffix(USUAL_PORTS[scheme])}"

    @property
    def is_https_alone(self) -> bool:
        """Whether the public name is ours alone, without path or port, and reached by https."""
        scheme, _, name = (self.public_origin or "").partition("://")
        return scheme == "https" and ":" not in name and not self.public_path

    @model_validator(mode="after")
    def _knows_how_to_mail(self) -> Self:
        if self.smtp_host is None:
            return self
        if self.smtp_from is None:
            raise ValueError("MINQING_SMTP_HOST needs MINQING_SMTP_FROM")
        fault = mail_address.fault_of(self.smtp_from)
        if fault is not None:
            raise ValueError(f"MINQING_SMTP_FROM {fault}")
        if self.smtp_security is SmtpSecurity.NONE:
            if _is_public(self.smtp_host):
                raise ValueError("MINQING_SMTP_SECURITY=none goes to no address on the internet")
            if self.smtp_user is not None and not _is_here(self.smtp_host):
                raise ValueError("MINQING_SMTP_USER needs MINQING_SMTP_SECURITY=starttls or tls")
        return self

    @property
    def mails(self) -> bool:
        """Whether mail is set up."""
        return self.smtp_host is not None

    def read_smtp_password(self) -> str | None:
        """Our password with the mail server; None for none.

        Raises:
            OSError: the file that is to hold it cannot be read.
        """
        if self.smtp_password_file is not None:
            return self.smtp_password_file.read_text(encoding="utf-8").strip()
        return self.smtp_password.get_secret_value() if self.smtp_password else None

    def read_oidc_secret(self) -> str | None:
        """Our secret with the provider; None for a client that has none.

        Raises:
            OSError: the file that is to hold it cannot be read.
        """
        if self.oidc_client_secret_file is not None:
            return self.oidc_client_secret_file.read_text(encoding="utf-8").strip()
        return self.oidc_client_secret.get_secret_value() if self.oidc_client_secret else None

    @property
    def simulates(self) -> bool:
        """Whether the server brings its own simulation along; only a demo city has one."""
        return self.demo and self.simulate is not False


def _is_public(host: str) -> bool:
    """Whether a host is written as an address on the internet; names are looked at when used."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()

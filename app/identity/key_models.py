"""Keys of programs, each for one area, and how much was done by them."""

from datetime import date

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant


class ApiKey(Base):
    """A program's key: a hash of it, the area in which it holds, what it opens and how often."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary)
    area_code: Mapped[Code]
    lo: Mapped[Code]
    hi: Mapped[Code]
    created_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    rights: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{warn}'"))
    per_minute: Mapped[int] = mapped_column(server_default=text("600"))
    # How much of `per_minute` is used up in the minute that began then.
    minute: Mapped[Instant | None]
    used: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        CheckConstraint("per_minute > 0", name="api_key_per_minute"),
        Index("api_key_hash", "key_hash", unique=True),
        Index("api_key_name", "name", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )


class KeyUse(Base):
    """How often a key was used for an operation on one local day."""

    __tablename__ = "key_use"

    key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"), primary_key=True)
    used_on: Mapped[date] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(Text, primary_key=True)
    times: Mapped[int] = mapped_column(BigInteger)

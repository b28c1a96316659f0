"""Keys of programs that send us something, each for one area."""

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant


class ApiKey(Base):
    """A program's key: a hash of it, and the area in which it holds."""

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

    __table_args__ = (
        Index("api_key_hash", "key_hash", unique=True),
        Index("api_key_name", "name", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )

"""The audit: what was done with what is protected, for good. Nothing of what was shown."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant


class AuditRow(Base):
    """One act. Append-only, and each row's hash covers the one before it (audit_words).

    Written by the function `audit_append` alone (app/sql/40_audit.sql). `account` is the login of
    a post, kept as a word so that it outlasts the account; NULL for jobs and the command line.
    """

    __tablename__ = "audit_row"

    no: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[Instant]
    account: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str | None] = mapped_column(Text)
    area_code: Mapped[Code]
    kind: Mapped[str] = mapped_column(Text)
    incident_no: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("audit_row_area", "area_code", "no"),)


class AuditHead(Base):
    """Number and hash of the last row: one row, so that none can be taken off the end unseen."""

    __tablename__ = "audit_head"

    one: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    last_no: Mapped[int] = mapped_column(BigInteger)
    last_hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (CheckConstraint("one", name="audit_head_one"),)

"""What one admin has proposed and another is to confirm."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant


class Proposal(Base):
    """A grant, password, link or return of an account, until a second person has confirmed it.

    `area_code`: of the grant, else where the account belongs: who administers it sees it.
    `proposed_by`, `ended_by`: logins, which outlast the accounts; `ended_by` NULL: the console.
    `password_hash`, `subject_hash`: what is to be set; gone once the proposal has ended.
    `grants`: of a sheet, each as {account, role, area}.
    """

    __tablename__ = "identity_proposal"

    no: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    area_code: Mapped[Code]
    role: Mapped[str | None] = mapped_column(Text)
    until: Mapped[Instant | None]
    password_hash: Mapped[str | None] = mapped_column(Text)
    subject_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    grants: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    proposed_by: Mapped[str] = mapped_column(Text)
    proposed_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    ended_how: Mapped[str | None] = mapped_column(Text)
    ended_by: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("identity_proposal_waiting", "area_code", postgresql_where=text("ended_at IS NULL")),
        Index("identity_proposal_account", "account_id"),
    )

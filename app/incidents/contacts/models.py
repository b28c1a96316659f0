"""The one contact that a case may have, sealed: without the key file it is noise."""

import uuid

from sqlalchemy import BigInteger, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant


class CaseContact(Base):
    """How to reach whoever reported a case; AES-256-GCM, bound to the case's id.

    `sealed` is padded to one length for all, so that it tells nothing by its size. The key
    (`key_id`) lies outside the database.
    """

    __tablename__ = "case_contact"

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger)
    cell_code: Mapped[Code]
    key_id: Mapped[str] = mapped_column(Text)
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    changed_at: Mapped[Instant]

    __table_args__ = (
        Index("case_contact_no", "no", unique=True),
        Index("case_contact_cell", "cell_code"),
    )

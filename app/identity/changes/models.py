"""Changes of many accounts that are being made."""

import uuid

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Instant


class AccountChange(Base):
    """A sheet that is being taken, or a proposal of one that is being confirmed.

    `id`: chosen by whoever makes it. `account_id`: who makes it. `done` of `total` in this `stage`.
    `cancel_asked`: nothing is to come of it. `ended_at`: UTC; its transaction has ended.
    """

    __tablename__ = "account_change"

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("account.id", ondelete="CASCADE")
    )
    begun_at: Mapped[Instant] = mapped_column(server_default=text("now()"))
    stage: Mapped[str] = mapped_column(Text)
    done: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    total: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    cancel_asked: Mapped[bool] = mapped_column(server_default=text("false"))
    ended_at: Mapped[Instant | None]

    __table_args__ = (Index("account_change_account", "account_id"),)

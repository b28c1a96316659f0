"""The second factor of an account, sealed."""

import uuid

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Instant

CONFIRMED_SQL = "confirmed_at IS NOT NULL"


class SecondFactor(Base):
    """The secret that an account shares with an authenticator app.

    `key_id`, `nonce`, `sealed`: the secret, sealed with the keys of the key file for this `id`.
    `confirmed_at`: since when it counts (UTC); NULL: it was shown and waits for its first code.
    `last_step`: of the last code that was used, so that none is used twice.
    `recovery_hashes`: of the recovery codes that are left.
    """

    __tablename__ = "second_factor"

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    key_id: Mapped[str] = mapped_column(Text)
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    begun_at: Mapped[Instant] = mapped_column(server_default=text("now()"))
    confirmed_at: Mapped[Instant | None]
    last_step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    recovery_hashes: Mapped[list[bytes]] = mapped_column(
        ARRAY(LargeBinary), server_default=text("'{}'")
    )

    __table_args__ = (
        # One that counts, and beside it one that is being set up.
        Index(
            "second_factor_account",
            "account_id",
            unique=True,
            postgresql_where=text(CONFIRMED_SQL),
        ),
        Index(
            "second_factor_begun",
            "account_id",
            unique=True,
            postgresql_where=text("confirmed_at IS NULL"),
        ),
    )

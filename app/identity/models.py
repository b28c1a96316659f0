"""Accounts of staff posts, what they may do where, and who is signed in. Nothing of residents."""

from datetime import timedelta

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Interval,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant, Validity


class Account(Base):
    """A post that can sign in. `name` is the post's login, `password_hash` Argon2id.

    `area_code`: where it belongs; only admins of that area manage it (NULL: only the city's).
    `subject_hash`: SHA-256 of the provider's issuer and its subject, by which it is found there.
    `known_to`: the admins who by themselves made it, set its password or linked it since it was
    last released (second_person.release): each of them may know a way in.
    `release_hash`: of the code with which it is released; until then it opens nothing.
    `first_password`: somebody else has set the password; it opens nothing but changing it.
    """

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    demo: Mapped[bool]
    area_code: Mapped[Code | None]
    created_at: Mapped[Instant] = mapped_column(server_default=text("now()"))
    seen_at: Mapped[Instant | None]
    disabled_at: Mapped[Instant | None]
    subject_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    known_to: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    release_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    first_password: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        Index("account_name", "name", unique=True),
        Index("account_subject", "subject_hash", unique=True),
    )


class AccountGrant(Base):
    """That an account may act in a role, in an area (all codes in [lo, hi]), for a time."""

    __tablename__ = "account_grant"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(Text)
    area_code: Mapped[Code]
    lo: Mapped[Code]
    hi: Mapped[Code]
    valid: Mapped[Validity]

    __table_args__ = (Index("account_grant_account", "account_id"),)


class SignIn(Base):
    """A session. Its token is with the browser alone; here is the token's SHA-256.

    `by_provider`: whether it was begun at the city's provider, not with a password.
    `stepped_up_until`: until then the password that was just given again opens what is protected.
    `id`: by which whoever manages accounts names it. `label`: what tells it from others of the
    account, such as where a screen hangs. `idle_after`, `unused_for`, `factor_roles`:
    `rules.Terms`.
    """

    __tablename__ = "sign_in"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity())
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    grant_id: Mapped[int] = mapped_column(ForeignKey("account_grant.id", ondelete="CASCADE"))
    created_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    stepped_up_until: Mapped[Instant | None]
    label: Mapped[str | None] = mapped_column(Text)
    idle_after: Mapped[timedelta] = mapped_column(Interval, server_default=text("'15 minutes'"))
    unused_for: Mapped[timedelta] = mapped_column(Interval, server_default=text("'12 hours'"))
    by_provider: Mapped[bool] = mapped_column(server_default=text("false"))
    factor_roles: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))

    __table_args__ = (
        Index("sign_in_account", "account_id"),
        Index("sign_in_id", "id", unique=True),
    )


class SignInFailure(Base):
    """How often in a row a sign-in failed, by a hash of account and place."""

    __tablename__ = "sign_in_failure"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[Instant]

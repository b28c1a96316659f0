"""How long what is protected is kept: rules as rows."""

from sqlalchemy import CheckConstraint, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class RetentionRule(Base):
    """After how many days something goes; what has no row is kept."""

    __tablename__ = "retention_rule"

    what: Mapped[str] = mapped_column(Text, primary_key=True)
    days: Mapped[int] = mapped_column(SmallInteger)

    __table_args__ = (CheckConstraint("days BETWEEN 1 AND 3650", name="retention_rule_days"),)

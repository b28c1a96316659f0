"""Stations, duty units and assignments. Units are call signs and roles, never persons."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Validity, geometry


class Station(Base):
    """A place from which work is led: from the city centre down to a grid post."""

    __tablename__ = "station"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    area_code: Mapped[Code]
    geom: Mapped[Any] = mapped_column(geometry("POINT"))
    valid: Mapped[Validity]

    __table_args__ = (
        ExcludeConstraint(
            ("code", "="), ("valid", "&&"), name="station_one_version_at_a_time", using="gist"
        ),
        Index("station_area", "area_code"),
        Index("station_geom", "geom", postgresql_using="gist"),
    )


class StationCover(Base):
    """An area that a station serves."""

    __tablename__ = "station_cover"

    station_id: Mapped[int] = mapped_column(
        ForeignKey("station.id", ondelete="CASCADE"), primary_key=True
    )
    area_code: Mapped[Code] = mapped_column(primary_key=True, autoincrement=False)

    __table_args__ = (Index("station_cover_area", "area_code"),)


class DutyUnit(Base):
    """Somebody or some crew on duty, known by call sign and role only."""

    __tablename__ = "duty_unit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_sign: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    valid: Mapped[Validity]

    __table_args__ = (
        ExcludeConstraint(
            ("call_sign", "="), ("valid", "&&"), name="duty_unit_one_at_a_time", using="gist"
        ),
        Index("duty_unit_station", "station_id"),
    )


class Assignment(Base):
    """A duty unit's responsibility for an area, for a time."""

    __tablename__ = "assignment"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("duty_unit.id"))
    area_code: Mapped[Code]
    duty: Mapped[str] = mapped_column(Text)
    valid: Mapped[Validity]

    __table_args__ = (
        CheckConstraint("duty IN ('primary','backup','staff')", name="assignment_duty"),
        Index("assignment_area", "area_code"),
        Index("assignment_unit", "unit_id"),
    )


class StaffingRule(Base):
    """How many units of a role a kind of area needs; written from `dispatch.rules`."""

    __tablename__ = "staffing_rule"

    area_kind: Mapped[str] = mapped_column(Text, primary_key=True)
    role: Mapped[str] = mapped_column(Text, primary_key=True)
    required: Mapped[int]

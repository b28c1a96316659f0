"""Areas of every level, and the shapes prepared for tiles. Areas are never updated: a change
closes one row's validity and opens another's."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.types import Code, Instant, Validity, geometry


class City(Base):
    """The one city that this server holds."""

    __tablename__ = "city"

    code: Mapped[Code] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    demo: Mapped[bool] = mapped_column(Boolean)
    loaded_at: Mapped[Instant]


class BoundaryVersion(Base):
    """One state of all boundaries; tiles of shapes are immutable under its id."""

    __tablename__ = "boundary_version"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    valid: Mapped[Validity]
    note: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        ExcludeConstraint(("valid", "&&"), name="boundary_version_one_at_a_time", using="gist"),
    )


class Area(Base):
    """A city, district, subdistrict, community or grid cell, for as long as it is drawn so."""

    __tablename__ = "area"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[Code]
    level: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    households: Mapped[int]
    residents: Mapped[int]
    area_m2: Mapped[float]
    locked: Mapped[bool] = mapped_column(default=False)
    label: Mapped[Any] = mapped_column(geometry("POINT"))
    geom: Mapped[Any] = mapped_column(geometry("MULTIPOLYGON"))
    # The range of codes below this area, both ends in it: scope and roll-up are one BETWEEN.
    lo: Mapped[Code]
    hi: Mapped[Code]
    valid: Mapped[Validity]

    __table_args__ = (
        ExcludeConstraint(
            ("code", "="), ("valid", "&&"), name="area_one_version_at_a_time", using="gist"
        ),
        CheckConstraint(
            "level IN ('city','district','subdistrict','community','cell')", name="area_level"
        ),
        CheckConstraint("lo <= code AND code <= hi", name="area_range"),
        Index("area_level_code", "level", "code"),
        # The areas around the cell of each report: all five out of one array.
        Index("area_code", "code"),
        Index("area_parent", "parent_code"),
        Index("area_geom", "level", "geom", postgresql_using="gist"),
        # In which cell a point lies is asked of every report: a third of the time of the other.
        Index(
            "area_cell_geom",
            "geom",
            postgresql_using="gist",
            postgresql_where=text("level = 'cell'"),
        ),
    )


class AreaShape(Base):
    """An area's outline for one zoom, simplified together with its neighbours (EPSG:3857)."""

    __tablename__ = "area_shape"

    area_id: Mapped[int] = mapped_column(
        ForeignKey("area.id", ondelete="CASCADE"), primary_key=True
    )
    zoom: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[str] = mapped_column(Text)
    code: Mapped[Code]
    geom: Mapped[Any] = mapped_column(geometry("MULTIPOLYGON", 3857))
    # In the key: an area that stays as it is gets another shape when its neighbours are redrawn.
    valid: Mapped[Validity] = mapped_column(primary_key=True)

    __table_args__ = (Index("area_shape_tile", "level", "zoom", "geom", postgresql_using="gist"),)


class MapFeature(Base):
    """A line or point that helps to find one's way (the river and its marks). Not a cadastre."""

    __tablename__ = "map_feature"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    geom: Mapped[Any] = mapped_column(geometry("GEOMETRY"))

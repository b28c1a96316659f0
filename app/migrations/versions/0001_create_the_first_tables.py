"""Create the first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.core.outbox import TransactionId
from app.core.types import geometry

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("CREATE SEQUENCE incident_no_seq AS bigint")
    op.create_table(
        "area",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("residents", sa.Integer(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("label", geometry("POINT", 4326), nullable=False),
        sa.Column("geom", geometry("MULTIPOLYGON", 4326), nullable=False),
        sa.Column("lo", sa.BigInteger(), nullable=False),
        sa.Column("hi", sa.BigInteger(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("code"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="area_one_version_at_a_time",
        ),
        sa.CheckConstraint(
            "level IN ('city','district','subdistrict','community','cell')", name="area_level"
        ),
        sa.CheckConstraint("lo <= code AND code <= hi", name="area_range"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("area_geom", "area", ["level", "geom"], unique=False, postgresql_using="gist")
    op.create_index("area_level_code", "area", ["level", "code"], unique=False)
    op.create_index("area_parent", "area", ["parent_code"], unique=False)
    op.create_table(
        "base_unit",
        sa.Column("unit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("community_code", sa.BigInteger(), nullable=False),
        sa.Column("cell_code", sa.BigInteger(), nullable=False),
        sa.Column("households", sa.Double(), nullable=False),
        sa.Column("incidents", sa.Double(), nullable=False),
        sa.Column("street_block", sa.BigInteger(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("geom", geometry("POLYGON", 4326), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id"),
    )
    op.create_index("base_unit_cell", "base_unit", ["cell_code"], unique=False)
    op.create_index("base_unit_geom", "base_unit", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "boundary_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("valid"), "&&"), using="gist", name="boundary_version_one_at_a_time"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "category",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("limit_text", sa.Text(), nullable=True),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("code"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="category_one_version_at_a_time",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "city",
        sa.Column("code", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "filing_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("sub_category", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("limit", sa.Text(), nullable=False),
        sa.Column("limit_is_text", sa.Boolean(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("responsible_unit", sa.Text(), nullable=False),
        sa.Column("closing_condition", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("ordinal"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="filing_line_one_version_at_a_time",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("filing_line_code", "filing_line", ["code"], unique=False)
    op.create_table(
        "incident",
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("category", sa.CHAR(length=4), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("cell_code", sa.BigInteger(), nullable=False),
        sa.Column("geom", geometry("POINT", 4326), nullable=False),
        sa.Column("location_uncertainty_m", sa.Double(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.CheckConstraint("severity BETWEEN 1 AND 4", name="incident_severity"),
        sa.PrimaryKeyConstraint("reported_at", "no"),
        postgresql_partition_by="RANGE (reported_at)",
    )
    op.create_index("incident_cell_time", "incident", ["cell_code", "reported_at"], unique=False)
    op.create_index("incident_geom", "incident", ["geom"], unique=False, postgresql_using="gist")
    op.create_index("incident_no", "incident", ["no"], unique=False)
    op.create_index(
        "incident_open",
        "incident",
        ["cell_code"],
        unique=False,
        postgresql_where=sa.text(
            "status NOT IN ('closed', 'duplicate', 'forced_close', 'not_accepted', 'not_reproducible')"
        ),
    )
    op.create_table(
        "incident_event",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("at", "no", "ordinal"),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("incident_event_case", "incident_event", ["no", "ordinal"], unique=False)
    op.create_table(
        "incident_status",
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("stage_ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("status"),
    )
    op.create_table(
        "map_feature",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("geom", geometry("GEOMETRY", 4326), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "txid", TransactionId(), server_default=sa.text("pg_current_xact_id()"), nullable=False
        ),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outbox_order", "outbox", ["txid", "id"], unique=False)
    op.create_table(
        "report_receipt",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("report_receipt_no", "report_receipt", ["no"], unique=True)
    op.create_table(
        "staffing_rule",
        sa.Column("area_kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("required", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("area_kind", "role"),
    )
    op.create_table(
        "station",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), nullable=False),
        sa.Column("geom", geometry("POINT", 4326), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("code"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="station_one_version_at_a_time",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("station_area", "station", ["area_code"], unique=False)
    op.create_index("station_geom", "station", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "stream_event",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("stream_event_published", "stream_event", ["published_at"], unique=False)
    op.create_table(
        "stream_state",
        sa.Column("one", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("one = 1", name="stream_state_one_row"),
        sa.PrimaryKeyConstraint("one"),
    )
    op.create_table(
        "area_shape",
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("zoom", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("code", sa.BigInteger(), nullable=False),
        sa.Column("geom", geometry("MULTIPOLYGON", 3857), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("area_id", "zoom"),
    )
    op.create_index(
        "area_shape_tile",
        "area_shape",
        ["level", "zoom", "geom"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_table(
        "duty_unit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_sign", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("call_sign"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="duty_unit_one_at_a_time",
        ),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["station.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("duty_unit_station", "duty_unit", ["station_id"], unique=False)
    op.create_table(
        "station_cover",
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("station_id", "area_code"),
    )
    op.create_index("station_cover_area", "station_cover", ["area_code"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("area_code", sa.BigInteger(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("duty IN ('primary','backup','staff')", name="assignment_duty"),
        sa.ForeignKeyConstraint(
            ["unit_id"],
            ["duty_unit.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("assignment_area", "assignment", ["area_code"], unique=False)
    op.create_index("assignment_unit", "assignment", ["unit_id"], unique=False)

"""Cases and places, not people (design, decision 1).

Every column of every table and published view stands here, with what it is. A new column must be
added deliberately; none may describe a resident: no name, contact, document, profile, risk score or
link between two cases through a person. (`residents` and `households` count heads by area.)
"""

import re

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading
from app.incidents.cases.schemas import IncidentHead

AREA = (
    "code level parent_code name name_en kind households residents area_m2 locked label geom valid"
)
INCIDENT = (
    "id no category severity source status cell_code occurred_at reported_at closed_at simulated"
    " geom"
)
STATION = "id code kind name area_code geom valid"

TABLES: dict[str, tuple[str, str]] = {
    # table: (what a row is, its columns)
    "account": (
        "a staff post that can sign in: its login, a hash, and one of its subject at a provider;"
        " which other posts may know a way in",
        "id name password_hash demo area_code created_at seen_at disabled_at subject_hash known_to"
        " release_hash first_password",
    ),
    "account_grant": (
        "what a post may do where",
        "id account_id role area_code lo hi valid",
    ),
    "alembic_version": ("which migration the tables have", "version_num"),
    "api_key": (
        "a key of a program that sends us something: a hash, and where it holds",
        "id name key_hash area_code lo hi created_at used_at revoked_at rights per_minute minute"
        " used",
    ),
    "key_use": ("how often a program's key was used on a day", "key_id used_on operation times"),
    "webhook": (
        "a program that is told what happens in an area",
        "id name url topics area_code lo hi key_id nonce sealed created_at removed_at seq failures"
        " next_at",
    ),
    "webhook_delivery": (
        "an event that is sent to a program: words and numbers of the case, no text, no point",
        "id webhook_id area_code message_id seq topic cell_code occurred_at payload queued_at tries"
        " tried_at last_status last_error delivered_at failed_at",
    ),
    "duty_mailbox": (
        "the mailbox of a desk: of a unit's call sign, never of a person",
        "id call_sign station_code area_code mailbox set_at since_seq failures next_at",
    ),
    "duty_mail": (
        "a mail to a desk, by the number of its case; nothing of what it says",
        "id mailbox_id area_code message_id seq incident_id incident_no unit_id told_at queued_at"
        " due_at by_hand tries tried_at last_status last_error sent_at failed_at unneeded",
    ),
    "duty_mail_place": ("up to where the stream was looked through", "one seq"),
    "open_page": (
        "that a page is open in a role over an area: of no account",
        "role area_code lo hi last_open_at",
    ),
    "area": ("a drawn area; head counts are sums", f"id {AREA} lo hi"),
    "area_shape": ("an area's outline for one zoom", "area_id code level zoom geom valid"),
    "assignment": ("a unit's responsibility for an area", "id unit_id area_code duty valid"),
    "attachment": (
        "a photo of a case, drawn anew without what cameras write into it",
        "id no cell_code kind width height added_at full_jpeg thumb_jpeg",
    ),
    "audit_head": ("the last row of the audit", "one last_no last_hash"),
    "audit_row": (
        "what a post did with something protected; nothing of what it was shown",
        "no at account role area_code kind incident_no detail reason hash",
    ),
    "base_unit": (
        "a building plot; households and expected cases are numbers",
        "id unit_id community_code cell_code households incidents street_block locked geom valid",
    ),
    "boundary_version": ("one state of all boundaries", "id valid note"),
    "case_contact": (
        "how to reach whoever reported a case: sealed with a key that lies elsewhere",
        "id no cell_code key_id nonce sealed changed_at",
    ),
    "category": (
        "a line of the filing standard",
        "id code parent_code name_zh name_en kind limit_text valid",
    ),
    "city": ("the city", "code name name_en demo loaded_at"),
    "duty_unit": ("a unit on duty: call sign and role only", "id call_sign role station_id valid"),
    "filing_line": (
        "a line of the filing standard's spreadsheet",
        "id ordinal category sub_category code condition limit limit_is_text unit responsible_unit"
        " closing_condition note valid",
    ),
    "closing_rule": ("after how many days cases close by themselves", "id prefix days valid"),
    "taken_days": ("working days until they are in the city's file", "id year content"),
    "incident": (
        "a case at a place; title and description are about the case",
        f"{INCIDENT} title description location_uncertainty_m tier unit_id",
    ),
    "incident_event": (
        "a step of a case, and which staff post took it",
        "at no ordinal step status tier reason cell_code account_id role area_code unit_id until"
        " outcome other_no from_cell program",
    ),
    "case_now": (
        "an open case as it stands: what its log says, for lists and counts",
        "no reported_at since version cell_code category status tier unit_id held_since started_at"
        " ended_at limit_thousandths limit_unit due_at raw_due_at soon_at extensions paused_until"
        " resumes_at resumes_as provisional waits_leaders waits_responders waits_grid waits_chiefs"
        " asked_by",
    ),
    "case_past": (
        "a case as it stood from one event to the next",
        "no since until cell_code unit_id held_since started_at ended_at due_at raw_due_at soon_at"
        " paused_until resumes_at limit_thousandths version status tier limit_unit extensions"
        " resumes_as span_class provisional category",
    ),
    "identity_proposal": (
        "what one staff post proposed about another, until a second has confirmed it",
        "no kind account_id area_code role until password_hash subject_hash grants proposed_by"
        " proposed_at expires_at ended_at ended_how ended_by",
    ),
    "account_change": (
        "a change of many accounts that is being made, and how far it is",
        "id account_id begun_at stage done total cancel_asked ended_at",
    ),
    "incident_status": ("a state and its stage", "status stage stage_ordinal is_open"),
    "map_feature": ("a river or a mark", "id kind name geom"),
    "mediation": ("the table of a dispute", "id no cell_code opened_at state"),
    "mediation_event": (
        "what was done at a table by which staff post; units by number, of the parties nothing",
        "mediation_id ordinal at what cell_code account_id role area_code unit_id answer room_id"
        " starts_at ends_at outcome terms amount_yuan due_on performance satisfaction reason",
    ),
    "meeting_booking": (
        "a room or a unit that is taken for a meeting",
        "id mediation_id cell_code room_id unit_id during",
    ),
    "outbox": ("an event to be told", "id topic area_code audience payload created_at"),
    "plan": (
        "other cells for base units, and which staff posts drew them",
        "id area_code title note parent_id base_at state revision author editors model publish_on"
        " created_at changed_at published_at boundary_version",
    ),
    "plan_comment": (
        "what a post says about a place in a plan",
        "id plan_id area_code at account text geom resolved_at",
    ),
    "plan_edit": (
        "units that a post gave to other cells at once",
        "plan_id no area_code at account kind note unit_ids before after undone",
    ),
    "plan_job": (
        "long work on a plan",
        "id plan_id area_code kind params state done total objective message result account"
        " asked_at started_at ended_at cancel_asked",
    ),
    "plan_lock": ("an area that a plan leaves alone", "plan_id locked_code area_code"),
    "plan_move": (
        "a building plot that a plan gives to another cell",
        "plan_id unit_id area_code community_code base_cell cell_code",
    ),
    "plan_step": (
        "a step of a plan's life, and which post took it",
        "plan_id no area_code at account step state reason",
    ),
    "report_receipt": ("an acknowledgement", "id body_hash no reported_at cell_code"),
    "retention_rule": ("after how many days something protected goes", "what days"),
    "live_sign_in": (
        "a session that holds",
        "token_hash seen_at account_id name demo grant_id role area_code lo hi stepped_up_until"
        " id label created_at acts_until acts ends_at awaits_code first_password by_provider"
        " needs_factor",
    ),
    "room": ("a room of a station", "id station_code name seats valid"),
    "sign_in": (
        "a post's session; its label is of a desk or a screen",
        "token_hash id account_id grant_id created_at seen_at stepped_up_until label idle_after"
        " unused_for by_provider factor_roles",
    ),
    "second_factor": (
        "the secret that a staff post shares with its authenticator app, sealed; hashes of its"
        " recovery codes",
        "id account_id key_id nonce sealed begun_at confirmed_at last_step recovery_hashes",
    ),
    "sign_in_failure": ("failed sign-ins, by a hash", "key_hash failures last_at"),
    "staffing_rule": ("how many of a role an area needs", "area_kind role required"),
    "station": ("a place from which work is led", STATION),
    "station_cover": ("an area that a station serves", "station_id area_code"),
    "stream_event": (
        "an event that was told",
        "seq topic area_code audience payload created_at published_at",
    ),
    "stream_state": ("where the stream stands", "one epoch last_seq"),
    "visit_rule": ("how long a visit may take", "id visit_min climb_min valid"),
    "warning": (
        "a warning of fraud; where it is stands in its case, and is coarsened there",
        "id no cell_code urgency detected_at dispatched_at station_id state told_level",
    ),
    "warning_event": (
        "what was done about a warning, and by which staff post",
        "warning_id ordinal at step outcome cell_code account_id role area_code",
    ),
}
VIEWS: dict[str, str] = {
    "area": f"{AREA} lo hi",
    "area_shape": "level zoom code geom valid",
    "assignment": "area_code call_sign role duty station_code station_kind station_name valid",
    "base_unit": "unit_id community_code cell_code households incidents street_block locked geom"
    " valid",
    "boundary_version": "id valid note",
    "category": "code parent_code name_zh name_en kind limit_text valid",
    "cell": "code kind parent_code name households residents area_m2 locked label geom valid",
    "city": "code name name_en demo",
    "duty_unit": "id call_sign role station_id valid",
    "filing_line": "ordinal category sub_category code condition limit unit responsible_unit"
    " closing_condition note valid",
    "incident": f"{INCIDENT} stage stage_ordinal is_open",
    "incident_event": "no ordinal at step status tier from_cell cell_code",
    "incident_status": "status stage stage_ordinal is_open",
    "map_feature": "id kind name geom",
    "station": STATION,
    "station_cover": "station_id area_code",
}
# Members of the API that sound like people and are not.
PLACES_AND_FITS = {
    "user": "login of a staff post",
    "address": "words of a place",
    "score": "how well an address fits",
    "risk": "how pressing a warning is, 1 to 3, as whoever sends it says",
    "profile": "weights of rebalancing, by name",
    "contact": "of a case, sealed: on its way in only",
    "has_contact": "whether there is one",
    "phone": "of the sealed contact, on its way in, and out to handlers on demand",
    "watching": "whether a post's session only looks on, until its password is given again",
    "open_while_watching": "operations that stay open to it then",
}
OF_PEOPLE = re.compile(
    r"(^|_)(person|people|citizen|resident|reporter|complainant|caller|owner|phone|mobile|tel|email"
    r"|wechat|id_?card|passport|birth\w*|gender|sex|ethnic\w*|religion|face|photo|profile|risk\w*"
    r"|score|watch\w*|tag|contact|address|family|first_name|last_name|surname|user)(_|$)"
)


def columns(context: Context, schema: str) -> dict[str, set[str]]:
    """Columns by table or view; monthly partitions are their parent, PostGIS's own left out."""
    with reading(context.engine) as session:
        rows = session.execute(
            text("""
                SELECT c.relname AS relation, a.attname AS name
                FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE c.relnamespace = CAST(:schema AS regnamespace)
                  AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
                  AND a.attnum > 0 AND NOT a.attisdropped
                  AND NOT EXISTS (SELECT FROM pg_depend d
                                  WHERE d.objid = c.oid AND d.deptype = 'e')
            """),
            {"schema": schema},
        ).all()
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.relation, set()).add(row.name)
    return found


def test_every_column_was_added_deliberately(context: Context) -> None:
    """Tables: a column that nobody has described here is refused."""
    assert columns(context, "public") == {
        table: set(listed.split()) for table, (_, listed) in TABLES.items()
    }


def test_every_published_column_too(context: Context) -> None:
    """Views: and free text never leaves."""
    found = columns(context, "published")
    assert found == {view: set(listed.split()) for view, listed in VIEWS.items()}
    assert not {"title", "description", "reason", "payload"} & set().union(*found.values())


def test_the_stream_carries_no_description() -> None:
    """What viewers are told is the head of a case."""
    assert "description" not in IncidentHead.model_fields


def test_no_member_of_the_api_speaks_of_people(client: TestClient) -> None:
    """In or out."""
    schemas = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    members = {name for schema in schemas.values() for name in schema.get("properties", {})}
    assert len(members) > 50
    assert {name for name in members if OF_PEOPLE.search(name)} == set(PLACES_AND_FITS)


TOLD_PLACES = (
    "btree (((payload ->> 'no'::text))) WHERE ((payload ? 'lon'::text)"
    " AND (COALESCE((payload ->> 'category'::text), '11'::text) ~~ '11%'::text))"
)


def test_no_index_reaches_into_free_text(context: Context) -> None:
    """A search over titles would be a search for people."""
    with reading(context.engine) as session:
        indexes = session.scalars(
            text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'")
        ).all()
    assert len(indexes) > 20
    for definition in indexes:
        # The one index into what was told: by the number of a case, to take an exact place back.
        inside = definition.partition(" USING ")[2].removeprefix(TOLD_PLACES)
        assert not re.search(r"title|description|payload|tsvector|trgm", inside), definition


@pytest.mark.parametrize("name", sorted({c for _, cs in TABLES.values() for c in cs.split()}))
def test_no_name_speaks_of_people(name: str) -> None:
    """The list above cannot be widened by a word that means a person."""
    assert not OF_PEOPLE.search(name)


@pytest.mark.parametrize("name", ["phone", "reporter_id", "id_card", "risk_score", "birthday"])
def test_names_that_would(name: str) -> None:
    """The guard itself is seen to refuse."""
    assert OF_PEOPLE.search(name)

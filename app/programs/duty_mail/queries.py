"""SQL of mail to desks: mailboxes and mails as people see them, and the way of an assignment."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import namedtuple_row
from sqlalchemy import Row, case, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.scope import within
from app.dispatch.models import DutyUnit, Station
from app.incidents.rules import STATUS_NUMBERS, Status
from app.live.hub import OpenPage
from app.programs.duty_mail.models import UNDONE_SQL, DutyMail, DutyMailbox
from app.programs.duty_mail.rules import FORGET_PAGES_AFTER_H, WAIT_FOR_PAGES_S, MailState
from app.programs.queries import Attempts, count

ATTEMPTS = Attempts("duty_mail", "duty_mailbox", "mailbox_id", "sent_at")
AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]

_LINES = f"""
    SELECT m.id, m.call_sign, m.mailbox, m.area_code, m.set_at, m.failures, m.next_at,
           u.role, s.name AS station, u.id IS NOT NULL AS on_duty,
           CASE WHEN m.failures > 0 THEN (
               SELECT d.last_error FROM duty_mail d WHERE d.mailbox_id = m.id
               AND d.last_error IS NOT NULL ORDER BY d.tried_at DESC LIMIT 1) END AS last_error,
           n.waiting, n.failed, n.sent_at
    FROM duty_mailbox m
    LEFT JOIN station s ON s.code = m.station_code AND s.area_code = m.area_code
         AND s.valid @> now()
    LEFT JOIN duty_unit u ON u.call_sign = m.call_sign AND u.station_id = s.id AND u.valid @> now()
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE {UNDONE_SQL}) AS waiting,
               count(*) FILTER (WHERE failed_at IS NOT NULL) AS failed,
               max(sent_at) AS sent_at
        FROM duty_mail d WHERE d.mailbox_id = m.id) n
    WHERE m.area_code BETWEEN :lo AND :hi AND (CAST(:id AS bigint) IS NULL OR m.id = :id)
    ORDER BY m.call_sign, m.id
"""  # noqa: S608 (words of our own)
_STATE = case(
    (DutyMail.sent_at.is_not(None), MailState.SENT.value),
    (DutyMail.failed_at.is_not(None), MailState.FAILED.value),
    (DutyMail.unneeded.is_not(None), MailState.UNNEEDED.value),
    else_=MailState.WAITING.value,
)

# One snapshot for the stream's end and its events: what is put into mails is put in once. A case
# reaches a unit when it is assigned, when a merged one comes back, and when new boundaries give it
# to the worker of another cell; which unit that was then, its log says.
_QUEUE = """
    WITH ends AS (SELECT last_seq FROM stream_state), behind AS (
        SELECT p.seq, e.last_seq FROM duty_mail_place p, ends e
        WHERE p.seq < e.last_seq AND EXISTS (SELECT FROM duty_mailbox)
        FOR UPDATE OF p SKIP LOCKED
    ), moved AS (
        UPDATE duty_mail_place p SET seq = b.last_seq FROM behind b
    ), told AS MATERIALIZED (
        SELECT e.seq, e.published_at, (e.payload ->> 'id')::uuid AS id,
               (e.payload ->> 'no')::bigint AS no, (e.payload ->> 'at')::timestamptz AS at,
               (e.payload ->> 'reported_at')::timestamptz AS reported_at,
               coalesce(e.payload -> 'steps', jsonb_build_array(e.payload -> 'step')) AS steps
        FROM behind b JOIN stream_event e ON e.seq > b.seq AND e.seq <= b.last_seq
        WHERE e.topic = 'incident.changed' AND e.payload ->> 'status' = %(assigned)s
          -- Until the first desk has a mailbox nothing is looked through.
          AND e.seq > (SELECT min(since_seq) FROM duty_mailbox)
    )
    INSERT INTO duty_mail (mailbox_id, area_code, seq, incident_id, incident_no, unit_id, told_at,
                           queued_at, due_at)
    SELECT m.id, m.area_code, t.seq, t.id, t.no, u.id, t.published_at, now(),
           t.published_at + make_interval(secs => %(wait_s)s)
    FROM told t
    CROSS JOIN LATERAL (
        SELECT array_agg(l.unit_id ORDER BY l.at DESC, l.ordinal DESC) AS units
        FROM (SELECT unit_id, at, ordinal FROM incident_event
              WHERE no = t.no AND at >= t.reported_at AND at <= t.at
                AND step IN ('assign', 'rezone')
              ORDER BY at DESC, ordinal DESC LIMIT 2) l) sent
    JOIN duty_unit u ON u.id = sent.units[1] AND u.valid @> now()
    JOIN station s ON s.id = u.station_id
    JOIN duty_mailbox m ON m.call_sign = u.call_sign AND m.station_code = s.code
         AND m.area_code = s.area_code AND m.since_seq < t.seq
    WHERE t.steps ?| ARRAY['assign', 'unmerge']
       OR (t.steps ? 'rezone' AND sent.units[1] IS DISTINCT FROM sent.units[2])
    ORDER BY t.seq
"""
_DUE = f"""
    SELECT m.id, m.call_sign, m.mailbox FROM duty_mailbox m
    WHERE (m.next_at IS NULL OR m.next_at <= now())
      AND EXISTS (SELECT FROM duty_mail
                  WHERE mailbox_id = m.id AND due_at <= now() AND {UNDONE_SQL})
"""  # noqa: S608 (words of our own)
_WAITING = f"SELECT count(*) FROM duty_mail WHERE {UNDONE_SQL}"  # noqa: S608 (words of our own)
_NEXT = f"""
    SELECT d.id, d.message_id, d.incident_no, d.unit_id, d.told_at, d.queued_at, d.by_hand, d.tries,
           m.failures, now() AS now
    FROM duty_mail d JOIN duty_mailbox m ON m.id = d.mailbox_id
    WHERE d.mailbox_id = %s AND d.due_at <= now() AND {UNDONE_SQL}
    ORDER BY d.id LIMIT 1
"""  # noqa: S608 (words of our own)
# The id beside the number: another city that was loaded meanwhile has the same numbers.
_ASSIGNED = """
    SELECT n.no, n.category, n.cell_code, n.due_at, i.simulated, c.name_zh, c.name_en,
           u.role AS unit_role, s.area_code AS station_area,
           (SELECT jsonb_agg(jsonb_build_array(a.name, coalesce(a.name_en, a.name)) ORDER BY a.code)
            FROM area a WHERE a.valid @> now() AND a.code IN (
                SELECT n.cell_code / size * size
                FROM unnest(ARRAY[100000000000, 1000000000, 1000000, 1000]) size)) AS places
    FROM duty_mail d
    JOIN case_now n ON n.no = d.incident_no AND n.unit_id = d.unit_id
    JOIN incident i ON i.reported_at = n.reported_at AND i.no = n.no AND i.id = d.incident_id
    JOIN duty_unit u ON u.id = n.unit_id
    JOIN station s ON s.id = u.station_id
    LEFT JOIN LATERAL (
        SELECT name_zh, name_en FROM category WHERE code = n.category
        ORDER BY valid @> now() DESC, lower(valid) DESC LIMIT 1) c ON true
    WHERE d.id = %(mail)s AND n.status = %(assigned)s
"""
_UNNEEDED = "UPDATE duty_mail SET unneeded = %(why)s, tried_at = now() WHERE id = %(mail)s"
_PAGES_SINCE = b"""
    SELECT DISTINCT role, area_code FROM open_page
    WHERE last_open_at >= %s AND %s BETWEEN lo AND hi
"""
# In one order, so that two servers never wait for each other in a circle. Where no desk has a
# mailbox nothing is written.
_NOTE_PAGES = text("""
    INSERT INTO open_page AS p (role, area_code, lo, hi, last_open_at)
    SELECT g.role, g.area_code, g.lo, g.hi, now()
    FROM jsonb_to_recordset(CAST(:pages AS jsonb)) g (
        role text, area_code bigint, lo bigint, hi bigint)
    WHERE EXISTS (SELECT FROM duty_mailbox)
    ORDER BY g.role, g.area_code, g.lo, g.hi
    ON CONFLICT (role, area_code, lo, hi) DO UPDATE
        SET last_open_at = greatest(p.last_open_at, excluded.last_open_at)
""")
_FORGET = text("""
    DELETE FROM duty_mail
    WHERE coalesce(sent_at, CASE WHEN unneeded IS NOT NULL THEN tried_at END)
          < CAST(:now AS timestamptz) - make_interval(days => :done_days)
       OR failed_at < CAST(:now AS timestamptz) - make_interval(days => :failed_days)
""")
_FORGET_PAGES = text(
    "DELETE FROM open_page WHERE last_open_at < now() - make_interval(hours => :hours)"
)


class Due(NamedTuple):
    """A mailbox for which something waits."""

    id: int
    call_sign: str
    mailbox: str


class Waiting(NamedTuple):
    """A mail that is to be sent; without `incident_no` it is a test.

    Attributes:
        told_at: when the stream told of the assignment.
        failures: those in a row before it.
        now: the database's clock.
    """

    id: int
    message_id: UUID
    incident_no: int | None
    unit_id: int | None
    told_at: datetime
    queued_at: datetime
    by_hand: bool
    tries: int
    failures: int
    now: datetime


class Assigned(NamedTuple):
    """A case that waits for the unit of a mail; nothing in it is written by anybody.

    Attributes:
        places: names of the areas in which it lies, from the city down to the community; each in
            Chinese and in English.
    """

    no: int
    category: str
    cell_code: int
    due_at: datetime | None
    simulated: bool
    name_zh: str | None
    name_en: str | None
    unit_role: str
    station_area: int
    places: list[list[str]] | None


def lines(session: Session, codes: tuple[int, int], mailbox_id: int | None = None) -> Rows:
    """Mailboxes of an area and below, by call sign: the columns of `schemas.DutyMailbox`."""
    words = {"lo": codes[0], "hi": codes[1], "id": mailbox_id}
    return session.execute(text(_LINES), words).all()


def unit_on_duty(session: Session, call_sign: str, now: datetime) -> AnyRow | None:
    """`station_code` and `area_code` of the station of a unit on duty; None for no such unit."""
    found = (
        select(Station.code.label("station_code"), Station.area_code)
        .join(DutyUnit, DutyUnit.station_id == Station.id)
        .where(
            DutyUnit.call_sign == call_sign,
            DutyUnit.valid.contains(now),
            Station.valid.contains(now),
        )
    )
    return session.execute(found).first()


def put(session: Session, **columns: Any) -> int:
    """Give a desk a mailbox, or another one; its number. A new one begins where the stream stands
    now; what waits for the desk goes to the other one."""
    seq = select(func.coalesce(func.max(text("last_seq")), 0)).select_from(text("stream_state"))
    made = insert(DutyMailbox).values(**columns, since_seq=seq.scalar_subquery())
    put_down = made.on_conflict_do_update(
        index_elements=["call_sign", "station_code", "area_code"],
        set_={
            "mailbox": made.excluded.mailbox,
            "set_at": made.excluded.set_at,
            "failures": 0,
            "next_at": None,
        },
    )
    return int(session.execute(put_down.returning(DutyMailbox.id)).scalar_one())


def remove(session: Session, mailbox_id: int) -> AnyRow | None:
    """Take a desk's mailbox away, and its mails with it: `call_sign`, `mailbox`, `area_code`; None
    where there is none."""
    return session.execute(
        delete(DutyMailbox)
        .where(DutyMailbox.id == mailbox_id, *within(session, DutyMailbox.area_code))
        .returning(DutyMailbox.call_sign, DutyMailbox.mailbox, DutyMailbox.area_code)
    ).first()


def mails(
    session: Session, mailbox_id: int, state: MailState | None, limit: int, before: int | None
) -> tuple[int, Rows]:
    """How many mails there are, and one more than `limit` of them, the newest first."""
    where = [DutyMail.mailbox_id == mailbox_id, *within(session, DutyMail.area_code)]
    if state is not None:
        where.append(_STATE.in_([state.value]))
    total = session.scalar(select(func.count()).select_from(DutyMail).where(*where)) or 0
    columns = (
        DutyMail.id,
        DutyMail.incident_no.label("no"),
        DutyMail.told_at,
        _STATE.label("state"),
        DutyMail.unneeded.label("why"),
        DutyMail.tries,
        DutyMail.tried_at,
        DutyMail.last_status,
        DutyMail.last_error,
        DutyMail.sent_at,
    )
    if before is not None:
        where.append(DutyMail.id < before)
    found = select(*columns).where(*where).order_by(DutyMail.id.desc()).limit(limit + 1)
    return total, session.execute(found).all()


def resend(session: Session, mailbox_id: int, mail_id: int | None, now: datetime) -> int:
    """Have mails sent again that were given up, and at once; how many. Of None all of them."""
    where = [
        DutyMail.mailbox_id == mailbox_id,
        DutyMail.failed_at.is_not(None),
        *within(session, DutyMail.area_code),
    ]
    if mail_id is not None:
        where.append(DutyMail.id == mail_id)
    again = session.execute(
        update(DutyMail)
        .where(*where)
        .values(failed_at=None, queued_at=now, due_at=now, by_hand=True)
        .returning(DutyMail.id)
    ).all()
    try_at_once(session, mailbox_id)
    return len(again)


def try_at_once(session: Session, mailbox_id: int) -> None:
    """Let the pause of a mailbox be over."""
    session.execute(
        update(DutyMailbox)
        .where(DutyMailbox.id == mailbox_id, *within(session, DutyMailbox.area_code))
        .values(next_at=None)
    )


def add_test(session: Session, mailbox_id: int, area_code: int, now: datetime) -> int:
    """Put a test among the mails of a mailbox; its number."""
    made = insert(DutyMail).values(
        mailbox_id=mailbox_id,
        area_code=area_code,
        told_at=now,
        queued_at=now,
        due_at=now,
        by_hand=True,
    )
    return int(session.execute(made.returning(DutyMail.id)).scalar_one())


def forget(session: Session, now: datetime, done_days: int, failed_days: int) -> int:
    """Delete mails that ended long ago, and pages that were last seen long ago; how many mails."""
    session.execute(_FORGET_PAGES, {"hours": FORGET_PAGES_AFTER_H})
    words = {"now": now, "done_days": done_days, "failed_days": failed_days}
    return int(session.execute(_FORGET, words).rowcount)  # type: ignore[attr-defined]


def note_pages(session: Session, pages: Iterable[OpenPage]) -> None:
    """Say which pages are open now, by the database's clock."""
    rows = [page._asdict() for page in pages]
    session.execute(_NOTE_PAGES, {"pages": orjson.dumps(rows).decode()})


async def queue_assignments(connection: AsyncConnection[Any]) -> None:
    """Put the assignments of which the stream has told since into mails."""
    words = {"assigned": Status.ASSIGNED.value, "wait_s": WAIT_FOR_PAGES_S}
    await connection.execute(_QUEUE.encode(), words)


async def due(connection: AsyncConnection[Any]) -> list[Due]:
    """Mailboxes to which something may be sent now."""
    cursor = await connection.execute(_DUE.encode())
    return [Due(*row) for row in await cursor.fetchall()]


async def waiting(connection: AsyncConnection[Any]) -> int:
    """How many mails wait, for all mailboxes."""
    return await count(connection, _WAITING)


async def next_of(connection: AsyncConnection[Any], mailbox_id: int) -> Waiting | None:
    """The first mail that waits for a mailbox."""
    async with connection.cursor(row_factory=namedtuple_row) as cursor:
        await cursor.execute(_NEXT.encode(), (mailbox_id,))
        row = await cursor.fetchone()
    return Waiting(*row) if row is not None else None


async def assigned(connection: AsyncConnection[Any], mail_id: int) -> Assigned | None:
    """The case of a mail, where it still waits for the unit to which it was assigned."""
    words = {"mail": mail_id, "assigned": STATUS_NUMBERS[Status.ASSIGNED]}
    cursor = await connection.execute(_ASSIGNED.encode(), words)
    row = await cursor.fetchone()
    return Assigned(*row) if row is not None else None


async def pages_since(
    connection: AsyncConnection[Any], since: datetime, code: int
) -> list[tuple[str, int]]:
    """Of the pages that watch an area code and were seen open at an instant or later: role, and
    area code of the grant."""
    cursor = await connection.execute(_PAGES_SINCE, (since, code))
    return [(role, area) for role, area in await cursor.fetchall()]


async def note_unneeded(connection: AsyncConnection[Any], mail_id: int, why: str) -> None:
    """It is not sent."""
    await connection.execute(_UNNEEDED.encode(), {"mail": mail_id, "why": why})

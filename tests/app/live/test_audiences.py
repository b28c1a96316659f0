"""Who hears of what: a stream tells a role of what it may list, and of nothing else."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

import httpx
from sqlalchemy import text

from app.core.audiences import Audience
from app.core.context import Context
from app.core.db import reading, writing
from app.identity import service as identity
from app.identity.audiences import LISTED_BY, audiences_of
from app.identity.rules import OPERATIONS, Role, may
from tests import staff
from tests.app.identity.canary import a_case
from tests.app.live.writers import connect, tell
from tests.app.warnings.sending import DISTRICT, a_warning, add_key
from tests.server import ServerProcess
from tests.stream_client import Viewer

MARK = "test.mark"
HEADERS = dict[Role, dict[str, str]]


@contextmanager
def _streams(
    server: ServerProcess, sessions: HEADERS, seen: dict[Role, str]
) -> Iterator[dict[Role, Viewer]]:
    with ExitStack() as stack:
        viewers = {}
        for role, headers in sessions.items():
            viewer = Viewer(server.base_url, headers=headers, last_event_id=seen.get(role))
            viewers[role] = stack.enter_context(viewer)
        for viewer in viewers.values():
            viewer.read_count("hello", 1)
        yield viewers


def _warn_and_mediate(server: ServerProcess, context: Context) -> None:
    warned = httpx.post(
        f"{server.base_url}/api/v1/warnings",
        json=a_warning(context.engine),
        headers=add_key(context.engine),
    )
    dispute = a_case(DISTRICT, context.engine, "纠纷") | {"category": "1001", "source": "visit"}
    reported = staff.post(f"{server.base_url}/api/v1/incidents", json=dispute)
    opened = staff.post(f"{server.base_url}/api/v1/incidents/{dispute['id']}/mediation")
    for answer in (warned, reported, opened):
        assert answer.status_code == 201, answer.text


def _mark(server: ServerProcess) -> str:
    """Something that everybody hears, behind all that was told before."""
    mark = str(uuid4())
    with connect(server.database_url) as connection:
        tell(connection, DISTRICT, topic=MARK, audience=Audience.EVERYONE, n=mark)
    return mark


def _told(viewer: Viewer, mark: str) -> set[str]:
    """The subjects of all that a stream told up to a mark: the first words of its topics."""
    viewer.read_until(lambda seen: any(e.data.get("n") == mark for e in seen))
    topics = {event.name for event in viewer.events} - {MARK, "hello"}
    return {topic.partition(".")[0] for topic in topics}


def _expected(role: Role) -> set[str]:
    listed = {"incident": "list_incidents", "warning": "list_warnings",
              "mediation": "list_mediations"}  # fmt: skip
    return {subject for subject, operation in listed.items() if may(role, operation)}


def test_a_stream_tells_of_what_its_role_may_list(
    server: ServerProcess, own_context: Context
) -> None:
    """As it happens, and once more to whoever comes back: a grid worker hears of no warning."""
    sessions = {}
    for role in Role:
        staff.add_account(own_context.engine, f"post_{role.value}", role, DISTRICT)
        sessions[role] = staff.headers_of(own_context.engine, f"post_{role.value}")
    expected = {role: _expected(role) for role in Role}
    assert "warning" not in expected[Role.GRID_WORKER]
    assert "mediation" not in expected[Role.PLANNER]
    assert "warning" in expected[Role.RESPONDER]
    with _streams(server, sessions, {}) as viewers:
        start = {role: viewer.events[0].id for role, viewer in viewers.items()}
        _warn_and_mediate(server, own_context)
        mark = _mark(server)
        assert {role: _told(viewer, mark) for role, viewer in viewers.items()} == expected
    with _streams(server, sessions, start) as viewers:
        assert {role: _told(viewer, mark) for role, viewer in viewers.items()} == expected


def test_postgresql_holds_it_too(own_context: Context) -> None:
    """Under the filter of the app: the session of each role reads events of its audiences only."""
    engine = own_context.engine
    with connect(own_context.url) as connection:
        connection.execute(
            "INSERT INTO stream_event (seq, topic, area_code, audience, payload, created_at)"
            " SELECT n, 'test.mark', %s, audience, '{}', now()"
            " FROM unnest(%s::text[]) WITH ORDINALITY a (audience, n)",
            (DISTRICT, [audience.value for audience in Audience]),
        )
    for role in Role:
        name = f"post_{role.value}"
        staff.add_account(engine, name, role, DISTRICT)
        with writing(engine) as session:
            account = session.scalar(text("SELECT id FROM account WHERE name = :n"), {"n": name})
            token = identity.open_session(session, account or 0)
        actor = identity.actor_of(engine, token)
        assert actor is not None
        with reading(own_context.request_engine, identity.scope_of(actor)) as session:
            heard = set(session.scalars(text("SELECT audience FROM stream_event")))
        assert heard == audiences_of(role), role


def test_every_audience_has_its_list() -> None:
    """One that is listed nowhere would be heard by nobody, and one without a row be an error."""
    assert set(LISTED_BY) == set(Audience) - {Audience.EVERYONE}
    assert set(LISTED_BY.values()) <= set(OPERATIONS)
    assert audiences_of(Role.CITY_ADMIN) == {audience.value for audience in Audience}

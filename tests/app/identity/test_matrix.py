"""Roles x operations x relation of areas: nobody is shown what lies beyond their grant.

The rows come from the API document: an operation that no row of `FILLS` and `rules.OPERATIONS`
knows fails. Cases with a canary word stand in foreign areas, and so do tables of disputes and
warnings of fraud; the word, their ids, their numbers, their counts and (of warnings, which have no
words) their places are looked for in everything that is answered.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import mapbox_vector_tile
import pytest
from PIL import Image
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core import scope as scopes
from app.core.context import Context
from app.core.db import writing
from app.identity import accounts, rules
from app.identity.rules import Role
from app.incidents import queries as incident_queries
from app.maps import schemas as map_words
from app.mediation import queries as mediation_queries
from app.warnings import queries as warning_queries
from geodata import codes
from tests import staff
from tests.app.identity.ages import set_back
from tests.app.identity.canary import CANARY, a_case, client_of, places
from tests.app.identity.test_idle import forget
from tests.app.maps import picture
from tests.app.warnings.sending import a_warning, add_key, send
from tests.waiting import wait_until

STREAM = "stream"  # endless; see test_sessions
METHODS = {"get", "post", "put", "delete", "patch"}
OF_CASES = ("incident", "incident_event", "report_receipt", "stream_event")
OF_TABLES = ("mediation", "mediation_event", "meeting_booking")
OF_WARNINGS = ("warning", "warning_event")


@dataclass(frozen=True)
class World:
    """A city with cases, tables of disputes and warnings: one a relation, known by its word."""

    context: Context
    admin: TestClient
    places: dict[str, int]
    cases: dict[str, dict[str, Any]]
    tables: dict[str, dict[str, Any]]
    warnings: dict[str, dict[str, Any]]

    def id_for(self, path: str, relation: str) -> str:
        """The id of what a path asks for."""
        for words, things in (("/mediations/", self.tables), ("/warnings/", self.warnings)):
            if words in path:
                return str(things[relation]["id"])
        return str(self.cases[relation]["id"])


@pytest.fixture
def world(own_context: Context, own_client: TestClient) -> World:
    """Cases in every relation to one community, and a post of every role there."""
    engine = own_context.engine
    found = places(engine)
    cases, tables, warnings = {}, {}, {}
    key = add_key(engine)
    for relation in ("child", "sibling", "other"):
        cases[relation] = reported(own_client, engine, found[relation], f"{CANARY}{relation}")
        tables[relation] = a_table(own_client, engine, found[relation], f"{CANARY}{relation}")
        warnings[relation] = a_warning(engine, found[relation])
        answer = send(own_client, warnings[relation], key)
        assert answer.status_code == 201, answer.text
    for role in Role:
        staff.add_account(engine, f"own_{role.value}", role, found["own"])
    numbers = {case["no"] for case in cases.values()}
    wait_until(lambda: numbers <= listed(own_client))
    wait_until(lambda: counted(own_client) >= before(engine))
    return World(own_context, own_client, found, cases, tables, warnings)


def reported(client: TestClient, engine: Any, area: int, word: str, **words: Any) -> Any:
    """A case that was reported in an area."""
    answer = client.post("/api/v1/incidents", json={**a_case(area, engine, word), **words})
    assert answer.status_code == 201, answer.text
    return answer.json()


def a_table(client: TestClient, engine: Any, area: int, word: str) -> Any:
    """The table of a dispute in an area, cancelled with the word as the reason."""
    case = reported(client, engine, area, "纠纷", category="1001", source="visit")
    answer = client.post(f"/api/v1/incidents/{case['id']}/mediation")
    assert answer.status_code == 201, answer.text
    url = f"/api/v1/mediations/{answer.json()['id']}"
    answer = client.post(f"{url}/cancel", json={"reason": word})
    assert answer.status_code == 200, answer.text
    return answer.json()


def before(engine: Any) -> int:
    """Cases of the last 30 days in the database."""
    with writing(engine) as session:
        return int(session.scalar(text("SELECT count(*) FROM incident WHERE reported_at >"
                                       " now() - interval '29 days'")) or 0)  # fmt: skip


def counted(client: TestClient) -> int:
    """Cases that the figures tell of."""
    return int(client.get("/api/v1/counts", params={"level": "district"}).json()["n"])


def listed(client: TestClient) -> set[int]:
    """Numbers that the newest page of the list tells of."""
    items = client.get("/api/v1/incidents", params={"limit": 500}).json()["items"]
    return {item["no"] for item in items}


def operations(client: TestClient) -> Iterator[tuple[str, str, str]]:
    """(operation, method, path) of everything in the API document."""
    document = client.get("/api/v1/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield operation["operationId"], method, path


def fill(path: str, case: dict[str, Any], area: int) -> str:
    """A path with its words filled in; a tile's are those in which the case lies."""
    z = 15
    x, y = picture.tile_at(case["lon"], case["lat"], z)[1:]
    fills = {
        "{code}": area, "{no}": case["no"], "{id}": case["id"], "{z}": z, "{x}": x, "{y}": y,
        "{name}": "nobody_here", "{grant_id}": 1, "{unit_id}": 1, "{year}": 2026,
        "{session_id}": 2**62,
    }  # fmt: skip
    for name, value in fills.items():
        path = path.replace(name, str(value))
    return path


def test_every_operation_has_a_row(client: TestClient) -> None:
    """A new route without one is refused to everybody, and fails here."""
    known = {name for name, _, _ in operations(client)}
    assert known - rules.OPEN_OPERATIONS == rules.OPERATIONS.keys() | rules.KEY_OPERATIONS.keys()
    assert rules.KEY_OPERATIONS.keys() - rules.OPERATIONS.keys() == rules.KEY_ONLY


def test_nobody_gets_nothing(client: TestClient) -> None:
    """Every operation but the open ones answers 401, as a problem, without a session."""
    case = {"no": 1, "id": "00000000-0000-4000-8000-000000000000", "lon": 103.0, "lat": 36.3}
    nobody = TestClient(client.app, base_url="http://127.0.0.1")
    for name, method, path in operations(client):
        if name in rules.OPEN_OPERATIONS:
            continue
        answer = nobody.request(method, fill(path, case, 620111000000000))
        assert answer.status_code == 401, name
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", list(Role))
def test_each_role_does_what_its_row_says(world: World, role: Role) -> None:
    """And nothing else: 403, before anything is looked at."""
    with client_of(world.context, f"own_{role.value}") as client:
        for name, method, path in operations(client):
            if name in rules.OPEN_OPERATIONS or name in (STREAM, "sign_out"):
                continue
            area = world.places["own"]
            body = a_case(area, world.context.engine, "x") if method == "post" else None
            answer = client.request(method, fill(path, world.cases["child"], area), json=body)
            if name in rules.KEY_ONLY:
                assert answer.status_code == 401, name  # a session opens nothing there
            elif rules.may(role, name):
                asks_again = "/problems/step-up" in answer.text
                assert answer.status_code not in (401, 403) or asks_again, (name, answer.text)
            else:
                assert answer.status_code == 403, name


@pytest.mark.parametrize("role", [Role.CITY_ADMIN, Role.DUTY_OFFICER, Role.PLANNER, Role.RESPONDER])
def test_whoever_watches_is_shown_what_stays_open(world: World, role: Role) -> None:
    """And nothing that was written: all else of the role asks for the password."""
    case, area = world.cases["child"], world.places["own"]
    with client_of(world.context, f"own_{role.value}") as client:
        set_back(world.context, client.cookies["minqing"], "seen_at", "16 minutes")
        forget(client)
        for name, method, path in operations(client):
            if not rules.may(role, name) or name in (STREAM, "sign_out", "step_up"):
                continue
            body = a_case(area, world.context.engine, "x") if method == "post" else None
            answer = client.request(method, fill(path, case, area), json=body)
            if name in rules.OPEN_WHILE_WATCHING:
                assert answer.status_code not in (401, 403, 500), (name, answer.text)
                assert f"{CANARY}child" * 2 not in text_of(answer), name
            else:
                assert answer.status_code == 403, name
                assert answer.json()["type"] == "/problems/password-again", name


def is_blank(png: bytes) -> bool:
    """Whether nothing is coloured."""
    return Image.open(io.BytesIO(png)).convert("RGBA").getchannel("A").getextrema()[1] == 0


def numbers_in(tile: bytes) -> set[int]:
    """Numbers of the cases in a vector tile."""
    layers = mapbox_vector_tile.decode(tile)
    return {f["properties"].get("no") for layer in layers.values() for f in layer["features"]}


def text_of(answer: Any) -> str:
    """What an answer says; of a workbook, what stands in its cells."""
    if answer.content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            return "".join(book.read(name).decode() for name in book.namelist())
    return str(answer.text)


def leaks(client: TestClient, world: World, foreign: str) -> list[str]:
    """Every operation in whose answer something of a foreign case shows."""
    case = world.cases[foreign]
    # The own case has a canary, too, with another ending.
    cell, word = case["cell_code"], f"{CANARY}{foreign}"
    warning, found = world.warnings[foreign], []
    secrets = {case["id"], world.tables[foreign]["id"], warning["id"], str(warning["lon"])}
    # What is protected is looked into as well.
    client.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
    for name, method, path in operations(client):
        if method != "get" or name in rules.OPEN_OPERATIONS or name == STREAM:
            continue
        for words in ({}, {"area": str(codes.parent_of(cell))}):
            asked = fill(path, {**case, "id": world.id_for(path, foreign)}, cell)
            answer = client.get(asked, params=words)
            told = text_of(answer)
            if word in told or any(secret in told.replace(asked, "") for secret in secrets):
                told_back = answer.status_code == 404
                if not told_back or word in told:
                    found.append(f"{name} {words}")
            if name == "count_incidents" and answer.status_code == 200:
                seen = answer.json()["values"]
                found += [name] if str(cell) in seen else []
            if name == "get_heat_tile" and words and answer.status_code == 200:
                found += [] if is_blank(answer.content) else [name]
            if name == "get_incidents_tile" and answer.status_code == 200:
                numbers = numbers_in(answer.content)
                found += [name] if case["no"] in numbers else []
            if name in ("get_incident", "get_incident_by_no") and not words:
                found += [] if answer.status_code == 404 else [name]
    if case["no"] in listed(client):
        found.append("list_incidents")
    return found


@pytest.mark.parametrize("foreign", ["sibling", "other"])
def test_nothing_of_other_areas_shows(world: World, foreign: str) -> None:
    """Lists, cards, layers, tiles, heat, counts, search, errors."""
    with client_of(world.context, "own_duty_officer") as client:
        assert leaks(client, world, foreign) == []
        assert world.cases["child"]["no"] in listed(client)
        for path in ("incidents", "mediations", "warnings"):
            own = client.get(f"/api/v1/{path}/{world.id_for(f'/{path}/', 'child')}")
            assert own.status_code == 200 and (CANARY in own.text or path == "warnings")
        total = client.get("/api/v1/city").json()["incident_total"]
        assert 0 < total < world.admin.get("/api/v1/city").json()["incident_total"]
    # The search itself is able to find: who may see everything is shown the case everywhere.
    seen = set(leaks(world.admin, world, foreign))
    assert {"get_incident {}", "list_incidents"} <= seen
    assert seen >= LEAKS_OF_TABLES | LEAKS_OF_WARNINGS
    assert {"export_incidents_csv {}", "export_incidents_xlsx {}"} <= seen


LEAKS_OF_TABLES = {"get_mediation {}", "list_mediations {}"}
LEAKS_OF_WARNINGS = {"get_warning {}", "list_warnings {}"}


def everything(*_: object) -> Any:
    """No filter at all."""
    return []


def no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the app's own filter off, wherever one is."""
    monkeypatch.setattr(incident_queries, "within", everything)
    monkeypatch.setattr(map_words, "narrowed", lambda wanted, scope: wanted)
    for queries in (mediation_queries, warning_queries):
        monkeypatch.setattr(queries, "clipped", lambda session, asked: asked)


def no_row_security(world: World, *tables: str) -> None:
    """Switch the database's own filter off."""
    with writing(world.context.engine) as session:
        for table in tables:
            session.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))


def test_the_database_alone_lets_nothing_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app's own filter switched off: row security, and the store's own, still hold."""
    no_filter(monkeypatch)
    with client_of(world.context, "own_duty_officer") as client:
        assert leaks(client, world, "sibling") == []
        assert leaks(client, world, "other") == []
        assert world.cases["child"]["no"] in listed(client)


@pytest.mark.parametrize("tables", [OF_TABLES, OF_WARNINGS])
def test_tables_and_warnings_hold_without_their_cases(
    world: World, monkeypatch: pytest.MonkeyPatch, tables: tuple[str, ...]
) -> None:
    """Row security of their own: that of the cases to which they are joined may be off, too."""
    no_filter(monkeypatch)
    no_row_security(world, *OF_CASES)
    leaking = LEAKS_OF_TABLES if tables is OF_TABLES else LEAKS_OF_WARNINGS
    with client_of(world.context, "own_duty_officer") as client:
        assert not leaking & set(leaks(client, world, "other"))
        no_row_security(world, *tables)
        assert leaking <= set(leaks(client, world, "other"))


def test_the_filter_alone_lets_nothing_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the other way round: without row security the app's own filter holds."""
    no_row_security(world, *OF_CASES, *OF_TABLES, *OF_WARNINGS)
    with client_of(world.context, "own_duty_officer") as client:
        assert leaks(client, world, "sibling") == []
        assert leaks(client, world, "other") == []


def test_with_both_off_it_would_leak(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard itself is seen to fail, for each kind of thing."""
    no_filter(monkeypatch)
    no_row_security(world, *OF_CASES, *OF_TABLES, *OF_WARNINGS)
    with client_of(world.context, "own_duty_officer") as client:
        found = set(leaks(client, world, "sibling"))
    assert "list_incidents" in found
    assert found >= LEAKS_OF_TABLES | LEAKS_OF_WARNINGS


@pytest.mark.parametrize(
    ("relation", "status"),
    [("child", 201), ("own", 201), ("parent", None), ("sibling", 403), ("other", 403)],
)
def test_reports_come_from_inside_only(world: World, relation: str, status: int | None) -> None:
    """A grid worker reports in its own community; elsewhere 403, and nothing is stored."""
    body = a_case(world.places[relation], world.context.engine, "报告")
    with client_of(world.context, "own_grid_worker") as client:
        answer = client.post("/api/v1/incidents", json=body)
    inside = scopes.Scope(*codes.code_range(world.places["own"]), "").holds
    if status == 201 or (status is None and inside(answer.json().get("cell_code", 0))):
        assert answer.status_code == 201
    else:
        assert answer.status_code == 403
        assert world.admin.get(f"/api/v1/incidents/{body['id']}").status_code == 404


def test_an_id_of_another_area_is_taken_and_not_told_of(world: World) -> None:
    """The same UUID again: 409, and nothing of the foreign case."""
    body = a_case(world.places["own"], world.context.engine, "x")
    body["id"] = world.cases["other"]["id"]
    with client_of(world.context, "own_duty_officer") as client:
        answer = client.post("/api/v1/incidents", json=body)
    assert answer.status_code == 409
    assert CANARY not in answer.text


@pytest.mark.parametrize("how", ["revoked", "expired", "disabled"])
def test_what_no_longer_holds(world: World, how: str) -> None:
    """A grant that ended ends the session that acted under it, at once."""
    engine, own = world.context.engine, world.places["own"]
    with client_of(world.context, "own_duty_officer") as client:
        assert client.get("/api/v1/city").status_code == 200
        if how == "revoked":
            accounts.revoke(engine, "own_duty_officer", Role.DUTY_OFFICER, own)
        elif how == "disabled":
            accounts.change(engine, "own_duty_officer", disabled=True)
        else:
            with writing(engine) as session:
                session.execute(
                    text("UPDATE account_grant SET valid = tstzrange(:since, :until)"
                         " WHERE lo = :lo AND role = 'duty_officer'"),
                    {"since": datetime(2020, 1, 1, tzinfo=UTC), "lo": own,
                     "until": datetime.now(UTC) - timedelta(seconds=1)},
                )  # fmt: skip
        wait_until(lambda: client.get("/api/v1/city").status_code == 401, patience_s=2)
        assert client.get("/tiles/cells/12/3200/1600.mvt").status_code == 401


def test_a_wall_shows_no_free_text(world: World) -> None:
    """Descriptions and reasons stay off a screen on the wall."""
    with client_of(world.context, "own_wall_display") as client:
        (case,) = [i for i in client.get("/api/v1/incidents").json()["items"]
                   if i["no"] == world.cases["child"]["no"]]  # fmt: skip
        assert case["description"] == ""
        shown = client.get(f"/api/v1/incidents/{case['id']}").json()
        assert shown["description"] == ""
        assert all(step["reason"] is None for step in shown["timeline"])

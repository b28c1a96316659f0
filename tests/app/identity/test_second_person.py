"""What opens contacts or the audit takes two persons: whatever one admin tries, it stays shut."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading, writing
from app.identity import account_queries, accounts, audit, rules
from app.identity import service as identity
from app.identity.rules import Role
from app.identity.second_person import queries, release
from app.identity.second_person import rules as second
from app.identity.second_person import service as second_person
from app.identity.second_person.rules import Hindrance, ProposalKind, Second
from app.incidents.contacts.rules import HANDLERS
from geodata import codes
from tests import staff
from tests.app.identity.canary import client_of, places
from tests.app.incidents.reports import CELL, a_report

COMMUNITY = codes.ancestor_at(CELL, codes.Level.COMMUNITY)
USERS, PROPOSALS = "/api/v1/users", "/api/v1/proposals"
NEW = "a lantern over the river"
OTHER = "a quieter lantern there"
CONTACT = {"name": "金丝雀女士", "phone": "0931-5550199"}
NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)


@pytest.fixture
def other(own_context: Context, own_client: TestClient) -> Iterator[TestClient]:
    """A second admin of the city, made on the server."""
    staff.add_account(own_context.engine, "other_admin", Role.CITY_ADMIN, staff.CITY)
    with client_of(own_context, "other_admin") as client:
        client.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
        yield client


@pytest.fixture
def contact(own_context: Context, own_client: TestClient) -> str:
    """The address of the contact of a case."""
    answer = own_client.post("/api/v1/incidents", json=a_report(contact=CONTACT))
    assert answer.status_code == 201, answer.text
    return f"/api/v1/incidents/{answer.json()['id']}/contact/reveal"


def add(client: TestClient, name: str = "desk_7") -> None:
    """An account, made on the page."""
    client.post(USERS, json={"name": name, "password": NEW}).raise_for_status()


def grant(client: TestClient, name: str = "desk_7", role: str = "duty_officer") -> Any:
    """Ask for a grant where the case lies; of an admin's role in the whole city."""
    area = staff.CITY if role == "city_admin" else COMMUNITY
    return client.post(f"{USERS}/{name}/grants", json={"role": role, "area": area})


def proposed(answer: Any) -> int:
    """The number of the proposal that came of it."""
    assert answer.status_code == 202, answer.text
    no: int = answer.json()["proposals"][-1]["no"]
    return no


def confirm(client: TestClient, no: int) -> Any:
    """Be the second person."""
    return client.post(f"{PROPOSALS}/{no}/confirm")


def code_of(answer: Any) -> str:
    """The one code that came of it."""
    assert answer.status_code == 200, answer.text
    (told,) = answer.json()["codes"]
    code: str = told["code"]
    return code


def outside(client: TestClient, name: str, password: str) -> TestClient:
    """A browser of its own at the same server, signed in as that account."""
    browser = TestClient(client.app, base_url="http://127.0.0.1")
    staff.sign_in(browser, name, password)
    return browser


def give(client: TestClient, code: str, password: str | None = OTHER) -> Any:
    """Give the code, and a password of one's own with it."""
    body = {"code": code} | ({} if password is None else {"new_password": password})
    return client.post("/api/v1/session/release", json=body)


def sees(client: TestClient, contact: str, password: str) -> bool:
    """Whether whoever has this session and password is shown the contact."""
    client.post("/api/v1/session/step_up", json={"password": password})
    answer = client.post(contact, json={"reason": "试试"})
    return answer.status_code == 200 and CONTACT["phone"] in answer.text


def written(context: Context, like: str) -> list[tuple[str, str, str]]:
    """Rows of the audit of such kinds: kind, who, detail."""
    with reading(context.engine) as session:
        rows = session.execute(
            text("SELECT kind, account, detail FROM audit_row WHERE kind LIKE :like ORDER BY no"),
            {"like": like},
        )
        return [(row.kind, row.account, row.detail) for row in rows]


def test_what_is_protected_is_what_the_routes_open() -> None:
    """Every role that is shown contacts or the audit, or gives such roles to others."""
    assert HANDLERS | {Role.AUDITOR, Role.CITY_ADMIN} <= second.PROTECTED
    for operation in ("reveal_contact", "list_audit", "add_grant", "change_user"):
        assert rules.OPERATIONS[operation] <= second.PROTECTED
    assert Role.PLANNER not in second.PROTECTED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"confirmer": "a", "confirmer_circle": frozenset("a")}, Hindrance.OWN),
        ({"confirmer_circle": frozenset("ab")}, Hindrance.SAME_CIRCLE),
        ({"proposer_circle": frozenset("ab")}, Hindrance.SAME_CIRCLE),
        (
            {"proposer_circle": frozenset("ac"), "confirmer_circle": frozenset("bc")},
            Hindrance.SAME_CIRCLE,
        ),
        ({"subject_circle": frozenset("xb")}, Hindrance.WAY_IN),
        ({"subject_circle": frozenset("b")}, Hindrance.WAY_IN),
        ({"subject_circle": frozenset("xa")}, None),
        ({"admin_since": NOW}, Hindrance.ADMIN_SINCE),
        ({"admin_since": NOW + timedelta(days=1)}, Hindrance.ADMIN_SINCE),
        ({"proposer_administers": False}, Hindrance.PROPOSER_GONE),
    ],
)
def test_who_can_be_the_second(changes: dict[str, Any], expected: Hindrance | None) -> None:
    """Another admin of before, with no way into the other's account, nor both from a third."""
    own = (frozenset("a"), frozenset("b"), frozenset("x"))
    one = Second("a", "b", *own, NOW - timedelta(days=1), NOW, True)
    assert second.hindrance(one._replace(**changes)) == expected


@pytest.mark.parametrize(
    ("kind", "known_to", "is_waiting", "expected"),
    [
        (ProposalKind.GRANT, [], False, False),
        (ProposalKind.GRANT, ["a"], False, True),
        (ProposalKind.GRANT, ["a"], True, False),
        (ProposalKind.ENABLE, ["a"], False, True),
        (ProposalKind.SHEET, [], False, False),
        (ProposalKind.RESET, [], False, True),
        (ProposalKind.LINK, [], True, True),
    ],
)
def test_when_a_code_is_needed(
    kind: ProposalKind, known_to: list[str], is_waiting: bool, expected: bool
) -> None:
    """Where somebody may know a way in; after a password or a link always."""
    assert second.needs_code(kind, known_to, is_waiting=is_waiting) is expected


def test_one_admin_with_any_number_of_accounts_sees_no_contact(
    own_client: TestClient, own_context: Context, other: TestClient, contact: str
) -> None:
    """Grants to itself and to accounts of its own, second admins, passwords, links, returns."""
    admin = own_client
    engine = own_context.engine
    admin.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
    staff.add_account(engine, "handler", Role.DUTY_OFFICER, COMMUNITY)
    assert sees(outside(admin, "handler", staff.PASSWORD), contact, staff.PASSWORD)
    assert not sees(admin, contact, staff.PASSWORD)

    # Itself, and an account that it made: nothing is granted, and it cannot confirm it.
    add(admin)
    for name in (staff.ADMIN, "desk_7"):
        for role in ("grid_worker", "responder", "duty_officer", "dispatcher", "auditor"):
            no = proposed(grant(admin, name, role))
            refused = confirm(admin, no)
            assert (refused.status_code, refused.json()["type"]) == (
                403,
                "/problems/not-second-person",
            )
    assert (
        admin.post("/api/v1/session", json={"user": "desk_7", "password": NEW}).status_code == 401
    )
    assert not sees(admin, contact, staff.PASSWORD)

    # More admins of its own: neither is one.
    add(admin, "puppet")
    no = proposed(grant(admin, "puppet", "city_admin"))
    assert (
        admin.post("/api/v1/session", json={"user": "puppet", "password": NEW}).status_code == 401
    )

    # The password, the link, the return of who sees contacts.
    no_reset = proposed(admin.patch(f"{USERS}/handler", json={"password": OTHER}))
    words = {"user": "handler", "password": OTHER}
    assert admin.post("/api/v1/session", json=words).status_code == 401
    assert outside(admin, "handler", staff.PASSWORD).get("/api/v1/city").status_code == 200
    admin.patch(f"{USERS}/handler", json={"disabled": True}).raise_for_status()
    proposed(admin.patch(f"{USERS}/handler", json={"disabled": False}))
    assert admin.get(f"{USERS}/handler").json()["disabled"] is True

    # The other admin believes it all; what only they hand out is still needed.
    puppet = code_of(confirm(other, no))
    posing = outside(admin, "puppet", NEW)
    change = {"old_password": NEW, "new_password": OTHER}
    posing.post("/api/v1/session/password", json=change).raise_for_status()
    assert posing.get("/api/v1/proposals").status_code == 403
    assert confirm(posing, no_reset).status_code == 403
    code_of(confirm(other, no_reset))
    (grants,) = [
        one
        for one in other.get(PROPOSALS).json()["items"]
        if (one["account"], one["role"]) == ("desk_7", "duty_officer")
    ]
    code_of(confirm(other, grants["no"]))
    posing = outside(admin, "desk_7", NEW)
    posing.post("/api/v1/session/password", json=change).raise_for_status()
    assert not sees(posing, contact, OTHER)
    for guess in ("", "AAAA-AAAA-AAAA", puppet):
        posing.post("/api/v1/session/release", json={"code": guess, "new_password": NEW})
        assert posing.get(contact.removesuffix("/contact/reveal")).status_code == 403
    assert not sees(posing, contact, OTHER)


def test_two_persons_open_it_and_the_post_finishes(
    own_client: TestClient, own_context: Context, other: TestClient, contact: str
) -> None:
    """Proposed by one, confirmed by the other after the password, released by the post."""
    add(own_client)
    no = proposed(grant(own_client))
    shown = other.get(f"{PROPOSALS}/{no}").json()
    assert (shown["account"], shown["role"], shown["proposed_by"]) == (
        "desk_7",
        "duty_officer",
        staff.ADMIN,
    )
    assert (shown["known_to"], shown["hindrance"], shown["own"]) == ([staff.ADMIN], None, False)
    mine = own_client.get(PROPOSALS).json()
    assert (mine["total"], mine["items"][0]["hindrance"], mine["items"][0]["own"]) == (
        1,
        "own",
        True,
    )
    with client_of(own_context, "other_admin") as cold:
        assert confirm(cold, no).json()["type"] == "/problems/step-up"
    told = confirm(other, no)
    assert told.headers["cache-control"] == "no-store"
    code = code_of(told)
    assert confirm(other, no).json()["type"] == "/problems/proposal-ended"

    desk = outside(own_client, "desk_7", NEW)
    told = desk.get("/api/v1/session").json()
    assert (told["first_password"], told["awaits_code"]) == (True, True)
    assert set(told["operations"]) == rules.FIRST_SIGN_IN
    for path in ("/api/v1/city", "/api/v1/incidents", "/api/v1/stream", "/api/v1/figures"):
        refused = desk.get(path)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/first-sign-in")
        assert {one["field"] for one in refused.json()["errors"]} == {"password", "code"}
    wrong = give(desk, "AAAA-AAAA-AAAA")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (403, "code")
    for password in (None, "short", NEW):  # none, a bad one, that which the first admin knows
        refused = give(desk, code, password)
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["field"] == "new_password"
    assert desk.get("/api/v1/city").status_code == 403
    posing = outside(own_client, "desk_7", NEW)
    assert give(desk, code.lower().replace("-", " ")).status_code == 204
    assert desk.get("/api/v1/city").status_code == 200
    assert posing.get("/api/v1/session").status_code == 401
    assert sees(desk, contact, OTHER)

    assert written(own_context, "proposal%") == [
        ("proposal_made", staff.ADMIN, f"{no}: grant desk_7: duty_officer in {COMMUNITY}"),
        (
            "proposal_confirmed",
            "other_admin",
            f"{no}: grant desk_7: duty_officer in {COMMUNITY}, proposed by {staff.ADMIN}",
        ),
    ]
    assert written(own_context, "grant_added")[-1] == (
        "grant_added",
        "other_admin",
        f"desk_7: duty_officer in {COMMUNITY}, proposed by {staff.ADMIN}",
    )
    assert written(own_context, "account_released") == [
        ("account_released", "desk_7", "desk_7: by password")
    ]
    assert audit.check(own_context.engine).ok
    # From now on it is the post's alone: another grant needs no code.
    again = confirm(other, proposed(grant(own_client, role="dispatcher")))
    assert again.json()["codes"] == []


def test_the_database_shows_nothing_to_who_waits(
    own_client: TestClient, own_context: Context, other: TestClient
) -> None:
    """Whatever the guard in front lets through."""
    add(own_client)
    confirm(other, proposed(grant(own_client)))
    token = outside(own_client, "desk_7", NEW).cookies["minqing"]
    actor = identity.actor_of(own_context.engine, token)
    assert actor is not None and actor.awaits_code
    count = text("SELECT count(*) FROM incident")
    with reading(own_context.request_engine, identity.scope_of(actor)) as session:
        assert session.scalar(count) == 0
        assert session.scalar(text("SELECT session_audiences()")) is None
    with writing(own_context.engine) as session:
        queries.make_own(session, actor.account_id)
        session.execute(text("UPDATE account SET first_password = false WHERE name = 'desk_7'"))
    with reading(own_context.request_engine, identity.scope_of(actor)) as session:
        assert session.scalar(count) > 0


def test_an_admin_whom_the_proposer_made_cannot_confirm(
    own_client: TestClient, own_context: Context, other: TestClient
) -> None:
    """As such were before an upgrade: until the server's command line has set their password."""
    engine = own_context.engine
    staff.add_account(engine, "puppet", Role.CITY_ADMIN, staff.CITY)
    with writing(engine) as session:
        session.execute(text("UPDATE account SET known_to = '{test_admin}' WHERE name = 'puppet'"))
    add(own_client)
    no = proposed(grant(own_client))
    with client_of(own_context, "puppet") as puppet:
        puppet.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
        refused = confirm(puppet, no)
        assert refused.json()["type"] == "/problems/not-second-person"
        assert puppet.get(f"{PROPOSALS}/{no}").json()["hindrance"] == "same_circle"
        accounts.change(engine, "puppet", password=staff.PASSWORD)
        staff.sign_in(puppet, "puppet")
        puppet.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
        assert confirm(puppet, no).status_code == 200


def test_who_knows_the_password_is_not_told_the_code(
    own_client: TestClient, own_context: Context, other: TestClient
) -> None:
    """An account that the other admin made is proposed by them and confirmed here; and nobody
    confirms what they get themselves. Who set the last password is who knows it."""
    add(other)
    no = proposed(grant(own_client))
    refused = confirm(other, no)
    assert refused.json()["type"] == "/problems/not-second-person"
    assert other.get(f"{PROPOSALS}/{no}").json()["hindrance"] == "way_in"
    own_client.patch(f"{USERS}/desk_7", json={"password": OTHER}).raise_for_status()
    shown = other.get(f"{PROPOSALS}/{no}").json()
    assert (shown["known_to"], shown["hindrance"]) == ([staff.ADMIN], None)
    code_of(confirm(other, no))
    own = proposed(grant(own_client, "other_admin"))
    assert other.get(f"{PROPOSALS}/{own}").json()["hindrance"] == "way_in"
    table = f"account,role,area\ndesk_8,responder,{COMMUNITY}\n"
    files = {"file": ("posts.csv", table.encode())}
    add(other, "desk_8")
    taken = own_client.post(f"{USERS}/sheet", files=files, data={"what": "add"})
    assert confirm(other, taken.json()["proposal"]).status_code == 403


def test_who_became_an_admin_since_cannot_confirm(
    own_client: TestClient, own_context: Context, other: TestClient
) -> None:
    """Nor can anybody, once the proposer administers no more; refusing is open to them."""
    engine = own_context.engine
    add(own_client)
    no = proposed(grant(own_client))
    staff.add_account(engine, "late_admin", Role.CITY_ADMIN, staff.CITY)
    with client_of(own_context, "late_admin") as late:
        late.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
        assert confirm(late, no).json()["type"] == "/problems/not-second-person"
        assert late.get(f"{PROPOSALS}/{no}").json()["hindrance"] == "admin_since"
    accounts.change(engine, staff.ADMIN, disabled=True)
    assert confirm(other, no).json()["type"] == "/problems/not-second-person"
    assert other.get(f"{PROPOSALS}/{no}").json()["hindrance"] == "proposer_gone"
    assert other.post(f"{PROPOSALS}/{no}/refuse").json()["state"] == "refused"


def test_refused_withdrawn_expired(
    own_client: TestClient, own_context: Context, other: TestClient
) -> None:
    """Nothing comes of it, what was to be set is gone, and it can be proposed anew."""
    add(own_client)
    staff.add_account(own_context.engine, "handler", Role.DUTY_OFFICER, COMMUNITY)
    no = proposed(own_client.patch(f"{USERS}/handler", json={"password": OTHER}))
    twice = own_client.patch(f"{USERS}/handler", json={"password": NEW})
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/already-proposed")
    assert own_client.post(f"{PROPOSALS}/{no}/refuse").status_code == 403
    assert other.post(f"{PROPOSALS}/{no}/withdraw").status_code == 404
    assert other.post(f"{PROPOSALS}/{no}/refuse").json()["ended_by"] == "other_admin"
    assert confirm(other, no).json()["type"] == "/problems/proposal-ended"
    no = proposed(own_client.patch(f"{USERS}/handler", json={"password": OTHER}))
    assert own_client.post(f"{PROPOSALS}/{no}/withdraw").json()["state"] == "withdrawn"

    no = proposed(own_client.patch(f"{USERS}/handler", json={"password": OTHER}))
    with writing(own_context.engine) as session:
        session.execute(
            text("UPDATE identity_proposal SET expires_at = now() WHERE no = :no"), {"no": no}
        )
    assert confirm(other, no).json()["type"] == "/problems/proposal-ended"
    assert other.get(PROPOSALS).json()["total"] == 0
    ended = other.get(PROPOSALS, params={"waiting": False, "limit": 2}).json()
    assert [one["state"] for one in ended["items"]] == ["expired", "withdrawn"]
    assert ended["total"] == 3 and ended["next"]
    proposed(grant(own_client))  # what has expired is swept up
    with reading(own_context.engine) as session:
        kept = session.scalar(
            text("SELECT count(*) FROM identity_proposal WHERE password_hash IS NOT NULL")
        )
    assert kept == 0
    assert outside(own_client, "handler", staff.PASSWORD).get("/api/v1/city").status_code == 200


def test_a_password_that_two_persons_set(
    own_client: TestClient, own_context: Context, other: TestClient, contact: str
) -> None:
    """It opens with the code of the second person alone, and must be changed."""
    staff.add_account(own_context.engine, "handler", Role.DUTY_OFFICER, COMMUNITY)
    no = proposed(own_client.patch(f"{USERS}/handler", json={"password": OTHER}))
    code = code_of(confirm(other, no))
    handler = outside(own_client, "handler", OTHER)
    assert not sees(handler, contact, OTHER)
    assert give(handler, code, NEW).status_code == 204
    assert sees(handler, contact, NEW)


def test_the_return_of_a_disabled_account(
    own_client: TestClient, own_context: Context, other: TestClient
) -> None:
    """Taking is one person's, giving back takes two where it opens something."""
    staff.add_account(own_context.engine, "handler", Role.DUTY_OFFICER, COMMUNITY)
    staff.add_account(own_context.engine, "drawer", Role.PLANNER, staff.CITY)
    for name in ("handler", "drawer"):
        own_client.patch(f"{USERS}/{name}", json={"disabled": True}).raise_for_status()
    assert own_client.patch(f"{USERS}/drawer", json={"disabled": False}).status_code == 200
    no = proposed(own_client.patch(f"{USERS}/handler", json={"disabled": False}))
    assert confirm(other, no).json()["codes"] == []
    assert other.get(f"{USERS}/handler").json()["disabled"] is False


def test_an_admin_of_a_part_sees_what_is_proposed_there(
    own_client: TestClient, own_context: Context
) -> None:
    """And nothing of elsewhere."""
    elsewhere = places(own_context.engine)["own"]
    assert elsewhere != COMMUNITY
    staff.add_account(own_context.engine, "local_admin", Role.CITY_ADMIN, elsewhere)
    add(own_client)
    no = proposed(grant(own_client))
    with client_of(own_context, "local_admin") as local:
        assert local.get(PROPOSALS).json()["total"] == 0
        for path in ("", "/confirm", "/refuse", "/withdraw"):
            method = "GET" if path == "" else "POST"
            local.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
            assert local.request(method, f"{PROPOSALS}/{no}{path}").status_code == 404


def test_the_console_is_a_second_person(
    own_client: TestClient, own_context: Context, contact: str
) -> None:
    """For a city with one admin. What it grants by itself holds at once, with a code where an
    admin may know a way in."""
    engine = own_context.engine
    add(own_client)
    no = proposed(grant(own_client))
    confirmed = second_person.confirm(engine, None, no)
    assert [one.account for one in confirmed.codes] == ["desk_7"]
    assert confirmed.proposal.ended_by is None and confirmed.proposal.state == "confirmed"
    desk = outside(own_client, "desk_7", NEW)
    assert not sees(desk, contact, NEW)

    add(own_client, "desk_8")
    granted = accounts.grant(engine, "desk_8", Role.DUTY_OFFICER, COMMUNITY)
    assert granted.id is not None and granted.code is not None
    assert not sees(outside(own_client, "desk_8", NEW), contact, NEW)
    accounts.change(engine, "desk_8", password=OTHER)
    assert sees(outside(own_client, "desk_8", OTHER), contact, OTHER)
    staff.add_account(engine, "desk_9", Role.PLANNER, staff.CITY)
    assert accounts.grant(engine, "desk_9", Role.AUDITOR, staff.CITY).code is None


def test_a_code_is_of_its_account_and_counts_once(
    own_client: TestClient, own_context: Context, other: TestClient
) -> None:
    """Another's opens nothing; where none is awaited nothing happens."""
    codes = {}
    for name in ("desk_7", "desk_8"):
        add(own_client, name)
        codes[name] = code_of(confirm(other, proposed(grant(own_client, name))))
    desk = outside(own_client, "desk_7", NEW)
    assert give(desk, codes["desk_8"]).status_code == 403
    give(desk, codes["desk_7"]).raise_for_status()
    assert own_client.post("/api/v1/session/release", json={"code": "x"}).status_code == 204
    with writing(own_context.engine) as session:
        ids = accounts.ids_of(session, ["desk_7"])
        # A password of two persons needs another code than the one that was used up.
        fresh = release.lock_up(session, ids["desk_7"], ProposalKind.RESET)
    assert fresh not in (None, codes["desk_7"])
    assert give(outside(own_client, "desk_7", OTHER), codes["desk_7"], NEW).status_code == 403


def test_the_confirmer_cannot_keep_a_code_for_later(
    own_client: TestClient, own_context: Context, other: TestClient
) -> None:
    """Whoever is told a code, takes the grant back and then sets the password: the code is void,
    and the account is known to be theirs when it is granted anew."""
    add(own_client)
    code = code_of(confirm(other, proposed(grant(own_client))))
    (held,) = other.get(f"{USERS}/desk_7").json()["grants"]
    other.delete(f"{USERS}/desk_7/grants/{held['id']}").raise_for_status()
    other.patch(f"{USERS}/desk_7", json={"password": NEW}).raise_for_status()
    grant(other, role="planner").raise_for_status()
    posing = outside(own_client, "desk_7", NEW)
    assert give(posing, code).status_code == 204  # nothing is awaited, and nothing happens
    change = {"old_password": NEW, "new_password": OTHER}
    posing.post("/api/v1/session/password", json=change).raise_for_status()
    assert own_client.get(f"{USERS}/desk_7").json()["awaits_code"] is False
    no = proposed(grant(other))
    shown = own_client.get(f"{PROPOSALS}/{no}").json()
    assert (shown["known_to"], shown["hindrance"]) == (["other_admin"], None)
    own_client.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
    assert code_of(confirm(own_client, no)) != code
    assert outside(own_client, "desk_7", OTHER).get("/api/v1/city").status_code == 403


def test_a_released_account_has_one_way_in(
    own_client: TestClient, own_context: Context, other: TestClient
) -> None:
    """That of whoever gave the code: not a link that the first admin made before, nor a password
    that they know where the post came from the provider."""
    engine = own_context.engine
    for by_provider in (False, True):
        name = f"desk_{by_provider:d}"
        add(own_client, name)
        with writing(engine) as session:
            ids = accounts.ids_of(session, [name])
            account_queries.set_subject(session, ids[name], name.encode())
        code = code_of(confirm(other, proposed(grant(own_client, name))))
        with writing(engine) as session:
            token = identity.open_session(session, ids[name], by_provider=by_provider)
        desk = TestClient(own_client.app, base_url="http://127.0.0.1", cookies={"minqing": token})
        desk.headers["X-Minqing-Token"] = identity.header_token(token)
        assert desk.get("/api/v1/session").json()["by_provider"] is by_provider
        assert give(desk, code, None if by_provider else OTHER).status_code == 204
        assert desk.get("/api/v1/city").status_code == 200
        told = desk.get("/api/v1/session").json()
        assert (told["linked"], told["has_password"]) == (by_provider, not by_provider)

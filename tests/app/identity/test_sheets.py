"""Accounts and grants of many posts from a sheet: looked at, taken whole or not at all, ended."""

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from sqlalchemy import URL, text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading
from app.identity import account_queries, accounts, audit, passwords
from app.identity.rules import Role
from app.identity.sheets import rules
from app.identity.sheets.rules import KnownAccount, Outcome
from tests import staff
from tests.app.identity.canary import client_of, places
from tests.app.identity.test_start import user
from tests.waiting import wait_until

PATH, USERS = "/api/v1/users/sheet", "/api/v1/users"
CHANGES = "/api/v1/account_changes"
HEAD = "账号,岗位,角色,区域代码,联系电话"


def sent(client: TestClient, table: str | bytes, what: str = "add", path: str = PATH) -> Any:
    """Send a sheet."""
    content = table.encode() if isinstance(table, str) else table
    return client.post(path, files={"file": ("posts", content)}, data={"what": what})


def looked(client: TestClient, table: str | bytes, what: str = "add") -> Any:
    """What it would change."""
    answer = sent(client, table, what, f"{PATH}/preview")
    assert answer.status_code == 200, answer.text
    return answer.json()


def workbook(rows: list[list[Any]]) -> bytes:
    """As a spreadsheet program writes it."""
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def state(context: Context) -> list[Any]:
    """Everything that a sheet can change."""
    with reading(context.engine) as session:
        return [
            session.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all()
            for table in ("account", "account_grant", "identity_proposal", "audit_row")
        ]


@pytest.fixture
def other(own_context: Context) -> Iterator[TestClient]:
    """A second admin of the city."""
    staff.add_account(own_context.engine, "other_admin", Role.CITY_ADMIN, staff.CITY)
    with client_of(own_context, "other_admin") as client:
        client.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
        yield client


def test_a_sheet_from_its_look_to_its_end(
    own_client: TestClient, own_context: Context, other: TestClient
) -> None:
    """What it says before is what it does; passwords once, protected grants as one proposal."""
    area = places(own_context.engine)["own"]
    table = "\n".join(
        [
            HEAD,
            f"desk_1,某某社区值班,值班长,{area},13900000000",
            f"desk_1,,grid_worker,{area},",
            f"drawer_1,规划,规划员,{area},",
            "spare_1,,,,",
        ]
    )
    before = state(own_context)
    told = looked(own_client, table)
    assert told["counts"] == {"new": 4} and told["ignored"] == ["岗位", "联系电话"]
    assert (told["accounts"], told["waiting"], told["done"]) == (3, 2, False)
    assert told["passwords"] == [] and state(own_context) == before

    answer = sent(own_client, table)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    taken = answer.json()
    given = {one["account"]: one["password"] for one in taken["passwords"]}
    assert set(given) == {"desk_1", "drawer_1", "spare_1"} and len(set(given.values())) == 3
    assert taken["done"] and [row["outcome"] for row in taken["rows"]] == ["new"] * 4
    drawer = TestClient(own_client.app, base_url="http://127.0.0.1")
    assert staff.sign_in(drawer, "drawer_1", given["drawer_1"])["first_password"]
    words = {"user": "desk_1", "password": given["desk_1"]}
    assert drawer.post("/api/v1/session", json=words).status_code == 401
    assert "13900000000" not in str(state(own_context))

    no = taken["proposal"]
    shown = other.get(f"/api/v1/proposals/{no}").json()
    assert (shown["kind"], shown["grants"]) == ("sheet", 2)
    assert shown["lines"] == [
        {"account": "desk_1", "role": "duty_officer", "area": area},
        {"account": "desk_1", "role": "grid_worker", "area": area},
    ]
    assert own_client.post(f"/api/v1/proposals/{no}/confirm").status_code == 403
    confirmed = other.post(f"/api/v1/proposals/{no}/confirm")
    assert confirmed.status_code == 200, confirmed.text
    assert [one["account"] for one in confirmed.json()["codes"]] == ["desk_1"]
    desk = TestClient(own_client.app, base_url="http://127.0.0.1")
    assert staff.sign_in(desk, "desk_1", given["desk_1"])["awaits_code"]

    again = looked(own_client, table)
    assert again["counts"] == {"same": 4} and (again["accounts"], again["waiting"]) == (0, 0)
    assert sent(own_client, table).json()["proposal"] is None

    ends = "account\ndesk_1\ndrawer_1"
    assert looked(own_client, ends, "end")["counts"] == {"end": 2}
    assert sent(own_client, ends, "end").json()["accounts"] == 2
    for name in ("desk_1", "drawer_1"):
        shown = own_client.get(f"{USERS}/{name}").json()
        assert (shown["disabled"], shown["grants"]) == (True, [])
    assert desk.get("/api/v1/session").status_code == 401
    assert looked(own_client, ends, "end")["counts"] == {"same": 2}
    assert "disabled" in looked(own_client, table)["rows"][0]["reason"]
    assert audit.check(own_context.engine).ok


def test_one_wrong_row_and_nothing_is_done(own_client: TestClient, own_context: Context) -> None:
    """Each is named with its row and column."""
    area = places(own_context.engine)["own"]
    table = "\n".join(
        [
            "account,role,area",
            f"desk_1,responder,{area}",
            f"Zhang San,responder,{area}",
            f"desk_2,king,{area}",
            "desk_3,responder,",
            f"desk_4,,{area}",
            "desk_5,responder,12",
            "desk_6,responder,620111999999999",
            f"desk_1,responder,{area}",
        ]
    )
    before = state(own_context)
    told = looked(own_client, table)
    assert [(row["row"], row["outcome"], row["column"]) for row in told["rows"]] == [
        (2, "new", None),
        (3, "wrong", "account"),
        (4, "wrong", "role"),
        (5, "wrong", "area"),
        (6, "wrong", "role"),
        (7, "wrong", "area"),
        (8, "wrong", "area"),
        (9, "wrong", "account"),
    ]
    answer = sent(own_client, table)
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]][:2] == [
        "row 3, account",
        "row 4, role",
    ]
    assert state(own_context) == before


def test_a_workbook_keeps_its_codes(own_client: TestClient, own_context: Context) -> None:
    """Whether they stand there as numbers or as texts."""
    area = places(own_context.engine)["own"]
    rows = [
        ["登录名", "身份", "区域"],
        ["desk_1", "网格员", area],
        ["desk_2", "网格员", str(area)],
        ["desk_3", "网格员", float(area)],
    ]
    told = looked(own_client, workbook(rows))
    assert [(row["outcome"], row["area"]) for row in told["rows"]] == [("new", area)] * 3


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "empty"),
        ("\n,,", "names no columns"),
        ("role,area\nresponder,620100000000000", "account"),
        ("account,登录名\na_1,a_1", "two columns"),
        ("account\n" + "\n".join(f"desk_{n}" for n in range(5_001)), "rows"),
        (b"PK\x03\x04nonsense", "damaged"),
        (b"account\n\xff\xfe", "utf-8"),
    ],
)
def test_what_is_no_sheet(own_client: TestClient, table: str | bytes, said: str) -> None:
    """422 on the file, in a sentence."""
    for path in (PATH, f"{PATH}/preview"):
        answer = sent(own_client, table, path=path)
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert error["field"] == "file" and said in error["message"]


def test_too_long_a_file(own_client: TestClient) -> None:
    """413."""
    assert sent(own_client, b"account\n" + b"a" * (4 * 2**20)).status_code == 413


def test_a_local_admin_stays_inside(own_context: Context, own_client: TestClient) -> None:
    """Neither grants elsewhere nor accounts of elsewhere, which are not told apart."""
    area = places(own_context.engine)
    engine = own_context.engine
    staff.add_account(engine, "local_admin", Role.CITY_ADMIN, area["own"])
    staff.add_account(engine, "stranger", Role.RESPONDER, area["sibling"])
    staff.add_account(engine, "wide", Role.RESPONDER, area["own"])
    table = "\n".join(
        [
            "account,role,area",
            f"helper,planner,{area['child']}",
            f"helper,planner,{area['sibling']}",
            f"stranger,planner,{area['own']}",
        ]
    )
    with client_of(own_context, "local_admin") as local:
        told = looked(local, table)
        assert [row["outcome"] for row in told["rows"]] == ["new", "wrong", "wrong"]
        ends = looked(local, "account\nstranger\nnobody_here\nwide\nlocal_admin", "end")
    assert [row["outcome"] for row in ends["rows"]] == ["wrong", "wrong", "end", "wrong"]
    assert ends["rows"][0]["reason"] == ends["rows"][1]["reason"]


def test_the_last_admin_is_not_ended(own_context: Context, other: TestClient) -> None:
    """Nor oneself: nobody would be left to say so."""
    staff.add_account(own_context.engine, "desk_1", Role.PLANNER, staff.CITY)
    assert sent(other, f"account\ndesk_1\n{staff.ADMIN}", "end").status_code == 200
    assert looked(other, "account\nother_admin", "end")["rows"][0]["reason"] == "is your own"


def test_the_command_line(database: URL, own_context: Context, tmp_path: Path) -> None:
    """A report first; taken, the grants hold at once, and the secrets are in a file."""
    area = places(own_context.engine)["own"]
    file, secrets = tmp_path / "posts.csv", tmp_path / "secrets.csv"
    file.write_text(f"account,role,area\ndesk_1,responder,{area}\n", encoding="utf-8")
    before = state(own_context)
    status, said = user(database, "sheet", str(file))
    assert (status, "1 new" in said, "--yes" in said) == (0, True, True), said
    assert state(own_context) == before
    status, said = user(database, "sheet", str(file), "--yes", "--secrets", str(secrets))
    assert status == 0, said
    head, line = secrets.read_text().splitlines()
    assert head == "account,first password,code" and line.startswith("desk_1,")
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert line.split(",")[1] not in said
    assert user(database, "sheet", str(file), "--yes", "--secrets", str(secrets))[0] == 1
    file.write_text("account,role,area\ndesk_1,king,1\n", encoding="utf-8")
    status, said = user(database, "sheet", str(file), "--yes")
    assert (status, "row 2, role" in said) == (1, True), said
    file.write_text("账号\ndesk_1\n", encoding="utf-8")
    status, said = user(database, "sheet", str(file), "--end", "--yes")
    assert (status, "1 end" in said) == (0, True), said


def change_id() -> str:
    """An id by which a change is followed."""
    return str(uuid4())


def taken(client: TestClient, table: str, change: str, what: str = "add") -> Any:
    """Take a sheet under an id."""
    data = {"what": what, "change": change}
    return client.post(PATH, files={"file": ("posts", table.encode())}, data=data)


def sheet_of(area: int, many: int) -> str:
    """A sheet of so many posts."""
    return "account,role,area\n" + "\n".join(f"desk_{n},planner,{area}" for n in range(many))


def kind(answer: Any) -> tuple[int, str]:
    """Status and kind of a refusal."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_it_tells_how_far_it_is(
    own_client: TestClient, own_context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While passwords are made, to its maker alone; at the end that it has ended."""
    area, change = places(own_context.engine)["own"], change_id()
    staff.add_account(own_context.engine, "other_admin", Role.CITY_ADMIN, staff.CITY)
    told = list[Any]()
    hashed = passwords.hashed_quickly

    def looked_at(password: str) -> str:
        told.append(own_client.get(f"{CHANGES}/{change}").json())
        return hashed(password)

    assert own_client.get(f"{CHANGES}/{change}").status_code == 404
    monkeypatch.setattr(passwords, "hashed_quickly", looked_at)
    assert taken(own_client, sheet_of(area, 3), change).status_code == 200
    assert [one["stage"] for one in told] == ["passwords"] * 3
    assert (told[0]["done"], told[0]["total"]) == (0, 3)
    ended = own_client.get(f"{CHANGES}/{change}").json()
    assert (ended["stage"], ended["cancelling"]) == ("ended", False)
    assert kind(own_client.delete(f"{CHANGES}/{change}")) == (409, "change-ended")
    assert kind(taken(own_client, sheet_of(area, 3), change)) == (409, "id-conflict")
    with client_of(own_context, "other_admin") as other_admin:
        assert other_admin.get(f"{CHANGES}/{change}").status_code == 404
        assert other_admin.delete(f"{CHANGES}/{change}").status_code == 404


def test_cancelled_nothing_is_done(
    own_client: TestClient, own_context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While passwords are made, and up to the last moment of the writing."""
    area = places(own_context.engine)["own"]
    before = state(own_context)
    for name, where in (("hashed_quickly", passwords), ("add_several", account_queries)):
        change, real = change_id(), getattr(where, name)

        def cancelling(*given: Any, change: str = change, real: Any = real) -> Any:
            answer = own_client.delete(f"{CHANGES}/{change}")
            assert answer.status_code == 200 and answer.json()["cancelling"] is True
            return real(*given)

        with monkeypatch.context() as patched:
            patched.setattr(where, name, cancelling)
            answer = taken(own_client, sheet_of(area, 3), change)
        assert kind(answer) == (409, "change-cancelled"), name
        assert state(own_context) == before
        assert own_client.delete(f"{CHANGES}/{change}").json()["stage"] == "ended"
    assert taken(own_client, sheet_of(area, 3), change_id()).status_code == 200


def test_whoever_cancels_too_late_is_told(
    own_client: TestClient, own_context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks while it is being written down waits, and hears that it is done."""
    area, change = places(own_context.engine)["own"], change_id()
    answers = list[Any]()
    real = audit.record_several
    asking = threading.Thread(
        target=lambda: answers.append(own_client.delete(f"{CHANGES}/{change}"))
    )

    def while_asked(session: Any, *given: Any) -> None:
        if not asking.ident:
            asking.start()
            wait_until(lambda: waits_for_a_row(own_context))
        real(session, *given)

    monkeypatch.setattr(audit, "record_several", while_asked)
    assert taken(own_client, sheet_of(area, 1), change).status_code == 200
    asking.join()
    assert kind(answers[0]) == (409, "change-ended")


def waits_for_a_row(context: Context) -> bool:
    """Whether some statement waits for another transaction to end."""
    with reading(context.engine) as session:
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE 'UPDATE account_change%'"
        )
        return bool(session.scalar(waiting))


def test_the_accounts_are_free_while_passwords_are_made(
    own_client: TestClient, own_context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever grants something then waits for nobody."""
    area = places(own_context.engine)["own"]
    hashed = passwords.hashed_quickly
    free = list[bool]()

    def looked_at(password: str) -> str:
        with reading(own_context.engine) as session:
            lock = text("SELECT pg_try_advisory_xact_lock(hashtext('minqing.accounts'))")
            free.append(bool(session.scalar(lock)))
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed_quickly", looked_at)
    assert sent(own_client, sheet_of(area, 2)).status_code == 200
    assert free == [True, True]


def test_what_changed_meanwhile_is_seen(
    own_client: TestClient, own_context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else makes one of its accounts while passwords are made: it is no new one then."""
    area = places(own_context.engine)["own"]
    hashed = passwords.hashed_quickly

    def meanwhile(password: str) -> str:
        monkeypatch.setattr(passwords, "hashed_quickly", hashed)
        accounts.add_account(own_context.engine, "desk_1", staff.PASSWORD, area=area)
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed_quickly", meanwhile)
    report = sent(own_client, sheet_of(area, 3)).json()
    assert report["counts"] == {"new": 2, "grant": 1}
    assert [one["account"] for one in report["passwords"]] == ["desk_0", "desk_2"]


def test_a_confirmation_is_cancelled_whole(
    own_client: TestClient,
    own_context: Context,
    other: TestClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The proposal waits as before, and can be confirmed then."""
    area = places(own_context.engine)["own"]
    no = sent(own_client, f"account,role,area\ndesk_1,responder,{area}").json()["proposal"]
    before, change = state(own_context), change_id()
    real = account_queries.add_several_grants

    def cancelling(*given: Any) -> None:
        assert other.delete(f"{CHANGES}/{change}").status_code == 200
        real(*given)

    with monkeypatch.context() as patched:
        patched.setattr(account_queries, "add_several_grants", cancelling)
        answer = other.post(f"/api/v1/proposals/{no}/confirm", params={"change": change})
    assert kind(answer) == (409, "change-cancelled")
    assert state(own_context) == before
    confirmed = other.post(f"/api/v1/proposals/{no}/confirm", params={"change": change_id()})
    assert confirmed.status_code == 200, confirmed.text


def test_rules_say_the_same_of_every_order() -> None:
    """A grant that is there is the same; one more is a grant; a disabled account is wrong."""
    sheet = rules.read(
        ("account", "role", "area"),
        [
            (2, ("a_1", "planner", 620100000000000)),
            (3, ("b_1", "planner", 620100000000000)),
            (4, ("c_1", "planner", 620100000000000)),
            (5, ("d_1", None, None)),
        ],
    )
    held = frozenset({(Role.PLANNER, 620100000000000)})
    known = {
        "a_1": KnownAccount(True, True, False, held),
        "b_1": KnownAccount(True, True, False, frozenset()),
        "c_1": KnownAccount(True, True, True, held),
    }
    changes = rules.additions(sheet, known, frozenset({620100000000000}))
    assert [change.outcome for change in changes] == [
        Outcome.SAME,
        Outcome.GRANT,
        Outcome.WRONG,
        Outcome.NEW,
    ]

"""Mail to desks: one for each case of which no page of theirs could tell, nothing personal."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import URL, text

from app.core.context import Context
from app.core.db import reading
from app.identity.rules import Role
from app.programs.queries import DUTY_MAIL_LOCK, WEBHOOKS_LOCK
from tests import staff
from tests.app.incidents.reports import CELL
from tests.app.planning import hand
from tests.app.programs.mailing import (
    BOX,
    PATH,
    SENDER,
    MailServer,
    a_unit,
    assign,
    mailing,
    mails_of,
    move_clock,
    set_mailbox,
    shown,
    states,
    step,
    unit_of,
    wait_for_mails,
    wait_for_noted_page,
    words_of,
)
from tests.app.programs.test_webhooks import Receiver, new_receiver, report, subscribe
from tests.app.warnings.sending import a_warning, add_key
from tests.conftest import run_command
from tests.server import ServerProcess, serving
from tests.stream_client import Viewer
from tests.waiting import wait_until

__all__ = ["new_receiver"]
COMMUNITY = CELL // 1000 * 1000
SECRET = {
    "title": "幸福路不许外传",
    "description": "某某某 13900001234",
    "contact": {"name": "某某某", "phone": "13900001234", "note": "三单元二楼"},
}
PERSONAL = ("某某某", "13900001234", "幸福路不许外传", "三单元", "102.8", "36.3")


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[MailServer]:
    """One that takes everything."""
    server = MailServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(database: URL, mail_server: MailServer) -> Iterator[ServerProcess]:
    """A server that sends by it."""
    with mailing(database, mail_server) as process:
        yield process


def page_of(server: ServerProcess, context: Context, role: Role, area: int) -> Viewer:
    """An open page of a new post."""
    name = f"page_{role.value}.{area}"
    staff.add_account(context.engine, name, role, area)
    return Viewer(server.base_url, headers=staff.headers_of(context.engine, name))


def test_a_desk_without_a_page_gets_one_mail(
    own_context: Context, server: ServerProcess, mail_server: MailServer
) -> None:
    """Chinese first; number, category, area, deadline, link; nothing that anybody wrote."""
    unit = a_unit(own_context.engine, "grid_worker")
    mailbox = set_mailbox(server, unit)
    _, no = assign(server, unit, **SECRET)
    wait_for_mails(server, mailbox, 1)
    assert states(server, mailbox) == ["waiting"]  # a page may be on its way
    move_clock(own_context.engine)
    wait_until(lambda: states(server, mailbox) == ["sent"])
    (taken,) = mail_server.taken()
    (mail,) = mail_server.mails()
    assert (taken["from"], taken["to"]) == (SENDER, [BOX])
    assert (mail["From"], mail["To"]) == (SENDER, BOX)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[0-9a-f-]{36}@city\.example>", mail["Message-ID"])
    words = words_of(mail)
    assert str(no) in mail["Subject"]
    zh, en = words.split("-" * 40)
    for part in (zh, en):
        assert str(no) in part and "0110" in part and str(CELL) in part
        assert f"{server.base_url}/?face=cases&f.sel={no}" in part
    assert "红古区" in zh and "类别" in zh and "时限：还剩" in zh
    assert "Category: 0110" in en and "left (" in en and "Honggu" in en
    everything = taken["raw"] + words + mail["Subject"]
    assert not [word for word in PERSONAL if word in everything]


def leads(context: Context, lock: int) -> bool:
    """Whether somebody holds the lock of an outlet."""
    with reading(context.engine) as session:
        return bool(session.scalar(text(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND objid = :lock AND granted"
            " AND datname = current_database()"
        ), {"lock": lock}))  # fmt: skip


def test_a_server_without_a_mail_server_leaves_it_to_one_that_has_one(
    own_context: Context, database: URL, mail_server: MailServer
) -> None:
    """It sends webhooks, and was there first."""
    with serving(database):
        wait_until(lambda: leads(own_context, WEBHOOKS_LOCK))
        assert not leads(own_context, DUTY_MAIL_LOCK)
        with mailing(database, mail_server) as other:
            unit = a_unit(own_context.engine, "grid_worker")
            mailbox = set_mailbox(other, unit)
            assign(other, unit)
            wait_for_mails(other, mailbox, 1)
            move_clock(own_context.engine)
            wait_until(lambda: states(other, mailbox) == ["sent"])
            counted = httpx.get(f"{other.base_url}/metrics").text
    assert 'minqing_outlet_attempts_total{outlet="duty_mail",result="taken"} 1.0' in counted


def test_of_a_warning_number_and_link_alone(
    own_context: Context, server: ServerProcess, mail_server: MailServer
) -> None:
    """Nor is it said that it is one."""
    engine = own_context.engine
    warning = a_warning(engine, COMMUNITY)
    answer = httpx.post(f"{server.base_url}/api/v1/warnings", json=warning, headers=add_key(engine))
    assert answer.status_code == 201, answer.text
    no = answer.json()["no"]
    case = staff.get(f"{server.base_url}/api/v1/incidents/no/{no}").json()
    officer = unit_of(engine, case["assigned_to"]["unit_id"])
    mailbox = set_mailbox(server, officer)
    step(server, warning["id"], "assign", unit_id=officer.id)  # once more: before it had no mailbox
    wait_for_mails(server, mailbox, 1)
    move_clock(own_context.engine)
    wait_until(mail_server.mails)
    (mail,) = mail_server.mails()
    everything = words_of(mail) + mail["Subject"]
    assert str(no) in everything and f"f.sel={no}" in everything
    hidden = ("1102", case["category_name_zh"], case["category_name_en"], str(case["cell_code"]),
              "红古区", "类别", "时限", "Deadline", "预警", "fraud")  # fmt: skip
    assert not [word for word in hidden if word in everything]


@pytest.mark.parametrize(
    ("role", "area", "is_theirs"),
    [
        (Role.GRID_WORKER, CELL, True),
        (Role.GRID_WORKER, COMMUNITY, True),
        (Role.GRID_WORKER, COMMUNITY + 1000, False),
        (Role.RESPONDER, COMMUNITY, False),
        (Role.DISPATCHER, COMMUNITY, False),  # stands in by radio, and may have assigned it
        (Role.WALL_DISPLAY, COMMUNITY, False),
    ],
)
def test_no_mail_while_a_page_of_theirs_is_open(
    own_context: Context,
    server: ServerProcess,
    mail_server: MailServer,
    role: Role,
    area: int,
    *,
    is_theirs: bool,
) -> None:
    """Theirs: one on which the case is a task. Another page is open, so that there is a note."""
    unit = a_unit(own_context.engine, "grid_worker")
    mailbox = set_mailbox(server, unit)
    with (
        page_of(server, own_context, role, area) as page,
        page_of(server, own_context, Role.RESPONDER, COMMUNITY // 10**6 * 10**6) as other,
    ):
        page.read_count("hello", 1)
        other.read_count("hello", 1)
        assign(server, unit)
        wait_for_mails(server, mailbox, 1)
        wait_for_noted_page(own_context.engine)
        move_clock(own_context.engine)
        wait_until(lambda: states(server, mailbox) != ["waiting"])
    (mail,) = mails_of(server, mailbox)
    expected = ("unneeded", "page_open", 0) if is_theirs else ("sent", None, 1)
    assert (mail["state"], mail["why"], len(mail_server.taken())) == expected


def test_a_page_that_was_closed_before_does_not_count(
    own_context: Context, server: ServerProcess, mail_server: MailServer
) -> None:
    """Noted a second ago, closed, then the case comes: there is a mail."""
    unit = a_unit(own_context.engine, "grid_worker")
    mailbox = set_mailbox(server, unit)
    with page_of(server, own_context, Role.GRID_WORKER, COMMUNITY) as page:
        page.read_count("hello", 1)
        wait_until(lambda: noted(own_context))
    wait_until(lambda: "minqing_stream_clients 0.0" in httpx.get(server.base_url + "/metrics").text)
    assign(server, unit)
    wait_for_mails(server, mailbox, 1)
    move_clock(own_context.engine)
    wait_until(lambda: states(server, mailbox) == ["sent"])
    assert len(mail_server.taken()) == 1


def noted(context: Context) -> list[Any]:
    """The pages that were ever seen open."""
    with context.engine.connect() as connection:
        return list(connection.execute(text("SELECT role, area_code, lo, hi FROM open_page")))


def test_a_page_is_noted_by_role_and_area_alone(
    own_context: Context, server: ServerProcess
) -> None:
    """Of two posts with the same grant one line; of who only watches none."""
    set_mailbox(server, a_unit(own_context.engine, "grid_worker"))
    engine = own_context.engine
    for name in ("one", "two"):
        staff.add_account(engine, name, Role.GRID_WORKER, COMMUNITY)
    with ExitStack() as stack:
        for name in ("one", "two"):
            headers = staff.headers_of(engine, name)
            stack.enter_context(Viewer(server.base_url, headers=headers)).read_count("hello", 1)
        stack.enter_context(Viewer(server.base_url)).read_count("hello", 1)
        wait_until(lambda: noted(own_context))
        assert noted(own_context) == [("grid_worker", COMMUNITY, COMMUNITY, COMMUNITY + 999)]


def test_open_at_one_server_and_assigned_at_another(
    database: URL, own_context: Context, server: ServerProcess, mail_server: MailServer
) -> None:
    """Whichever of them sends: no mail."""
    unit = a_unit(own_context.engine, "grid_worker")
    mailbox = set_mailbox(server, unit)
    with (
        mailing(database, mail_server) as second,
        page_of(second, own_context, Role.GRID_WORKER, COMMUNITY) as page,
    ):
        page.read_count("hello", 1)
        assign(server, unit)
        wait_for_mails(server, mailbox, 1)
        wait_for_noted_page(own_context.engine)
        move_clock(own_context.engine)
        wait_until(lambda: states(server, mailbox) == ["unneeded"])
    assert mail_server.taken() == []


def test_acknowledged_meanwhile_or_sent_elsewhere(
    own_context: Context, server: ServerProcess, mail_server: MailServer
) -> None:
    """Nobody is told of what no longer waits for them."""
    unit, other = (a_unit(own_context.engine, "grid_worker", nth) for nth in (0, 1))
    mailbox = set_mailbox(server, unit)
    others = set_mailbox(server, other, "other@city.example")
    first, _ = assign(server, unit)
    second, no = assign(server, unit)
    wait_for_mails(server, mailbox, 2)
    step(server, first, "acknowledge")
    step(server, second, "assign", unit_id=other.id)
    wait_for_mails(server, others, 1)
    move_clock(own_context.engine)
    wait_until(lambda: states(server, mailbox) == ["unneeded"] * 2)
    wait_until(lambda: states(server, others) == ["sent"])
    assert [mail["why"] for mail in mails_of(server, mailbox)] == ["moved_on"] * 2
    assert [(mail["To"], str(no) in mail["Subject"]) for mail in mail_server.mails()] == [
        ("other@city.example", True)
    ]


def test_a_merged_case_that_comes_back_is_told_again(
    own_context: Context, server: ServerProcess, mail_server: MailServer
) -> None:
    """It reaches the unit by another step than an assignment."""
    unit = a_unit(own_context.engine, "grid_worker")
    mailbox = set_mailbox(server, unit)
    case, _ = assign(server, unit)
    step(server, case, "merge", other_id=report(server))
    step(server, case, "unmerge", reason="另一件事")
    wait_for_mails(server, mailbox, 2)
    step(server, case, "supervise", reason="催办")  # assigned as before: nothing new
    case, _ = assign(server, unit)
    wait_for_mails(server, mailbox, 3)


def test_new_boundaries_give_a_case_to_another_worker(
    server: ServerProcess, own_context: Context, mail_server: MailServer
) -> None:
    """The worker of the new cell hears of it; the one of the old cell no more."""
    engine = own_context.engine
    community = hand.communities(engine)[4]
    base_unit, new_cell = hand.a_border_move(engine, community)
    old_cell = hand.units(engine, community)[base_unit]
    place = hand.place_in(engine, base_unit)
    before, after = (unit_of(engine, hand.worker_of(engine, cell)) for cell in (old_cell, new_cell))
    left = set_mailbox(server, before)
    reached = set_mailbox(server, after, "new@city.example")
    with staff.Client(base_url=server.base_url, timeout=60) as client:
        plan = hand.begin(client, community)
        assert plan.move({base_unit: new_cell}).status_code == 200
        with hand.approver(own_context) as other:
            hand.approve(plan, other)
        plan.now()
        _, no = assign(server, before, lon=place.lon, lat=place.lat)
        wait_for_mails(server, left, 1)
        assert plan.step("publish").status_code == 200
    wait_for_mails(server, reached, 1)
    move_clock(engine)
    wait_until(lambda: states(server, reached) == ["sent"])
    wait_until(lambda: states(server, left) == ["unneeded"])
    (mail,) = mail_server.mails()
    assert (mail["To"], str(new_cell) in words_of(mail)) == ("new@city.example", True)
    assert str(no) in mail["Subject"]


def test_a_server_that_puts_off_gets_it_again(
    own_context: Context, server: ServerProcess, mail_server: MailServer
) -> None:
    """451: in order, after pauses; a day later it is given up, and sent again by hand."""
    unit = a_unit(own_context.engine, "grid_worker")
    mailbox = set_mailbox(server, unit)
    mail_server.does("later")
    numbers = [assign(server, unit)[1] for _ in range(2)]
    wait_for_mails(server, mailbox, 2)
    move_clock(own_context.engine)
    wait_until(lambda: shown(server, mailbox)["failures"] == 1)
    (error,) = {shown(server, mailbox)["last_error"]}
    assert error == "recipient refused: 451 4.3.0 come again …"
    while shown(server, mailbox)["failed"] < 2:
        move_clock(own_context.engine, hours=25)
    mail_server.does("ok")
    answer = staff.post(f"{server.base_url}{PATH}/{mailbox}/resend", json={})
    assert answer.json() == {"queued": 2}
    wait_until(lambda: states(server, mailbox) == ["sent"] * 2)
    subjects = [mail["Subject"] for mail in mail_server.mails()]
    assert [str(no) in subject for no, subject in zip(numbers, subjects, strict=True)] == [True] * 2
    assert shown(server, mailbox)["failures"] == 0


def test_a_mailbox_that_is_unknown_holds_up_no_later_mail(
    own_context: Context, server: ServerProcess, mail_server: MailServer
) -> None:
    """550 five times: given up, the next one has its turn."""
    unit = a_unit(own_context.engine, "grid_worker")
    mailbox = set_mailbox(server, unit)
    mail_server.does("unknown")
    assign(server, unit)
    wait_for_mails(server, mailbox, 1)
    while not shown(server, mailbox)["failed"]:
        move_clock(own_context.engine)
    (failed,) = mails_of(server, mailbox)
    assert (failed["tries"], failed["last_status"]) == (5, 550)
    assert BOX not in failed["last_error"]
    mail_server.does("ok")
    assign(server, unit)
    wait_for_mails(server, mailbox, 2)

    def is_sent() -> bool:
        move_clock(own_context.engine)
        return states(server, mailbox) == ["failed", "sent"]

    wait_until(is_sent)


def test_a_server_that_dies_in_the_middle(
    own_context: Context, server: ServerProcess, mail_server: MailServer
) -> None:
    """It had the mail and did not say so: it comes again, and can be known by its Message-ID."""
    unit = a_unit(own_context.engine, "grid_worker")
    mailbox = set_mailbox(server, unit)
    mail_server.does("die")
    assign(server, unit)
    wait_for_mails(server, mailbox, 1)
    move_clock(own_context.engine)
    wait_until(mail_server.has_ended)
    wait_until(lambda: shown(server, mailbox)["failures"] == 1)
    mail_server.does("ok")
    mail_server.start()
    move_clock(own_context.engine)
    wait_until(lambda: states(server, mailbox) == ["sent"])
    (first,), (second,) = mail_server.mails("die"), mail_server.mails()
    assert first["Message-ID"] == second["Message-ID"]


def test_a_server_that_hangs_holds_up_no_webhook(
    database: URL,
    own_context: Context,
    mail_server: MailServer,
    new_receiver: Callable[[], Receiver],
) -> None:
    """While it is waited for webhooks go on; then it is a failure."""
    with mailing(database, mail_server, MINQING_WEBHOOK_PRIVATE="1") as server:
        receiver = new_receiver()
        subscribe(server, receiver)
        unit = a_unit(own_context.engine, "grid_worker")
        mailbox = set_mailbox(server, unit)
        mail_server.does("hang")
        assign(server, unit)
        wait_for_mails(server, mailbox, 1)
        move_clock(own_context.engine)
        wait_until(lambda: mail_server.taken("hang"))
        case = report(server)
        wait_until(lambda: case in receiver.cases())
        assert states(server, mailbox) == ["waiting"]
        assert shown(server, mailbox)["failures"] == 0  # it is still being waited for
        wait_until(lambda: shown(server, mailbox)["failures"] == 1)
        assert shown(server, mailbox)["last_error"] == "the mail server did not answer in time"


def test_killed_before_it_sends_the_next_one_does(
    database: URL, own_context: Context, server: ServerProcess, mail_server: MailServer
) -> None:
    """kill -9 right after the assignment: told by the next server, once."""
    unit = a_unit(own_context.engine, "grid_worker")
    mailbox = set_mailbox(server, unit)
    assign(server, unit)
    server.kill()
    with mailing(database, mail_server) as second:
        wait_for_mails(second, mailbox, 1)
        move_clock(own_context.engine)
        wait_until(lambda: states(second, mailbox) == ["sent"])
    assert len(mail_server.taken()) == 1


def test_without_a_mail_server_nothing_is_queued(
    own_context: Context, database: URL, mail_server: MailServer
) -> None:
    """The page says so, a test is refused; what was assigned is told once there is one."""
    unit = a_unit(own_context.engine, "grid_worker")
    with serving(database) as server:
        answer = staff.post(
            f"{server.base_url}/api/v1/session/step_up", json={"password": staff.PASSWORD}
        )
        assert answer.is_success
        mailbox = set_mailbox(server, unit)
        assert staff.get(server.base_url + PATH).json()["is_mail_set_up"] is False
        refused = staff.post(f"{server.base_url}{PATH}/{mailbox}/test")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/no-mail")
        assign(server, unit)
        assert mails_of(server, mailbox) == []
    with mailing(database, mail_server) as server:
        assert staff.get(server.base_url + PATH).json()["is_mail_set_up"] is True
        wait_for_mails(server, mailbox, 1)


def test_a_test_mail_is_sent_at_once(
    own_context: Context, server: ServerProcess, mail_server: MailServer
) -> None:
    """Without a case; in the audit without what stands before the @."""
    unit = a_unit(own_context.engine, "grid_worker")
    mailbox = set_mailbox(server, unit)
    assert staff.post(f"{server.base_url}{PATH}/{mailbox}/test").json() == {"queued": 1}
    wait_until(lambda: states(server, mailbox) == ["sent"])
    (mail,) = mail_server.mails()
    assert "测试邮件" in mail["Subject"] and unit.call_sign in words_of(mail)
    assert staff.Client().delete(f"{server.base_url}{PATH}/{mailbox}").status_code == 204
    rows = staff.get(f"{server.base_url}/api/v1/audit").json()["items"]
    found = {row["kind"]: row["detail"] for row in rows if row["kind"].startswith("duty_")}
    host = f"{unit.call_sign}: @city.example"
    assert found == {
        "duty_mailbox_set": host,
        "duty_mail_tested": host,
        "duty_mailbox_removed": host,
    }


def test_a_mailbox_outlives_a_city_that_is_loaded_anew(
    own_context: Context, test_city_bundle: Path
) -> None:
    """By call sign and station: the unit's number is another one then."""
    from app.city import service as city
    from app.core.clock import utc_now
    from app.core.db import writing
    from app.programs.duty_mail import service
    from app.programs.duty_mail.schemas import NewDutyMailbox
    from geodata.progress import Silent

    unit = a_unit(own_context.engine, "grid_worker")
    new = NewDutyMailbox(call_sign=unit.call_sign, mailbox=BOX)
    with writing(own_context.engine) as session:
        before = service.put(session, new, None, utc_now())
    city.load_bundle(own_context.engine, test_city_bundle, Silent(), utc_now())
    with writing(own_context.engine) as session:
        after = service.get(session, before.id)
        assert (after.on_duty, after.mailbox, after.station) == (True, BOX, before.station)
        session.execute(
            text(
                "UPDATE duty_unit SET valid = tstzrange(lower(valid), now()) WHERE call_sign = :c"
            ),
            {"c": unit.call_sign},
        )
    with writing(own_context.engine) as session:
        assert service.get(session, before.id).on_duty is False


def test_by_command(own_context: Context, mail_server: MailServer) -> None:
    """Set, listed, tested, sent again and removed; a test says what the mail server answered."""
    unit = a_unit(own_context.engine, "grid_worker")
    env = {
        "MINQING_DATABASE_URL": own_context.url.render_as_string(hide_password=False),
        **mail_server.settings(),
    }
    assert run_command("duty", "set", unit.call_sign, "nowhere", env=env).returncode == 1
    made = run_command("duty", "set", unit.call_sign, BOX, env=env)
    assert made.returncode == 0, made.stderr
    assert unit.call_sign in run_command("duty", "list", env=env).stdout
    tested = run_command("duty", "test", unit.call_sign, env=env)
    assert tested.returncode == 0 and len(mail_server.taken()) == 1, tested.stderr
    mail_server.does("unknown")
    refused = run_command("duty", "test", unit.call_sign, env=env)
    assert refused.returncode == 1 and "recipient refused: 550" in refused.stderr
    assert run_command("duty", "resend", unit.call_sign, env=env).returncode == 0
    assert run_command("duty", "remove", unit.call_sign, env=env).returncode == 0
    assert run_command("duty", "remove", unit.call_sign, env=env).returncode == 1

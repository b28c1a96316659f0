"""What a mail says, over which way it goes, and for whom a page counts: without a database."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from app.core.settings import Settings
from app.dispatch.rules import UnitRole
from app.identity.rules import Role
from app.incidents.lifecycle.rules import Case
from app.incidents.lifecycle.who_may import Post, Unit, answers_for, task_of
from app.incidents.rules import Status, Step, Tier
from app.programs.duty_mail import letters, posting, rules
from app.programs.duty_mail.letters import CaseFacts
from tests.app.programs.certificates import make_certificate
from tests.app.programs.mailing import BOX, SENDER, MailServer

NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)
CASE = CaseFacts(
    no=60001,
    category="0110",
    name_zh="暴露垃圾",
    name_en="Exposed rubbish",
    cell_code=620111101001007,
    places=[("兰州市", "Lanzhou"), ("红古区", "Honggu")],
    due_at=NOW + timedelta(days=1, hours=2, minutes=3),
    simulated=False,
)
ID = UUID("5f0f3a52-0000-4000-8000-000000000001")
MAIL: dict[str, Any] = {"smtp_host": "127.0.0.1", "smtp_from": SENDER}


def facts(**changes: Any) -> CaseFacts:
    """The case, changed."""
    return CaseFacts(**{**CASE.__dict__, **changes})


def test_the_whole_letter() -> None:
    """Word for word."""
    letter = letters.of_case(CASE, "https://map.example/", NOW)
    assert letter.subject == "【民情地图】新派案件 60001 / Case 60001 assigned"
    assert letter.text == (
        "案件 60001 已派给你处，请签收。\n"
        "类别：0110 暴露垃圾\n"
        "位置：兰州市 › 红古区，网格 620111101001007\n"
        "时限：还剩 1 天 2 小时（2026-03-02 14:03）\n"
        "打开：https://map.example/?face=cases&f.sel=60001\n"
        "本邮件由民情地图自动发出，请勿回复。\n"
        "\n----------------------------------------\n\n"
        "Case 60001 was assigned to your desk.\n"
        "Category: 0110 Exposed rubbish\n"
        "Area: Lanzhou › Honggu, cell 620111101001007\n"
        "Deadline: 1 d 2 h left (2026-03-02 14:03, China time)\n"
        "Open: https://map.example/?face=cases&f.sel=60001\n"
        "Sent by Minqing Map; replies are not read.\n"
    )


@pytest.mark.parametrize(
    ("due_at", "zh", "en"),
    [
        (None, "没有规定", "none is fixed"),
        (NOW, "已于 2026-03-01 12:00 到期", "passed (2026-03-01 12:00, China time)"),
        (NOW + timedelta(seconds=59), "还剩 0 分钟", "0 min left"),
        (NOW + timedelta(hours=3), "还剩 3 小时 0 分钟", "3 h 0 min left"),
        (NOW + timedelta(days=2), "还剩 2 天（", "2 d left"),
    ],
)
def test_the_time_left(due_at: datetime | None, zh: str, en: str) -> None:
    """Rounded down, so that nobody believes to have longer."""
    written = letters.of_case(facts(due_at=due_at), "http://x", NOW).text
    assert zh in written and en in written


def test_what_is_simulated_says_so() -> None:
    """In both languages, in the subject."""
    subject = letters.of_case(facts(simulated=True), "http://x", NOW).subject
    assert subject.startswith("【模拟】") and "[simulated]" in subject


def test_no_line_of_the_head_can_be_broken() -> None:
    """Also where an address got past its check."""
    letter = letters.of_test("网格一", "http://x")
    for words in ({"to": f"{BOX}\r\nBcc: x@y.example"}, {"sender": "a@b.example\nX: y"}):
        with pytest.raises(ValueError):
            letters.message(letter, **{"sender": SENDER, "to": BOX, **words}, message_id=ID, at=NOW)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("tier", list(Tier))
def test_theirs_is_whose_task_it_is(role: Role, tier: Tier) -> None:
    """A page counts for a unit exactly where an assigned case is a task of it."""
    case = Case(Status.ASSIGNED, Tier.WORKSTATION, 3, NOW, unit_id=1, registered=True)
    for unit_role in UnitRole:
        for unit_tier in Tier:
            unit = Unit(unit_role, unit_tier)
            is_task = task_of(case, Post(role, tier, 1), unit) is Step.ACKNOWLEDGE
            assert answers_for(role, tier, unit) is is_task, unit


def test_waiting_is_longer_than_two_notes() -> None:
    """Or a page that is open, or is loaded anew, would be taken for closed."""
    assert rules.WAIT_FOR_PAGES_S > 2 * rules.NOTE_PAGES_EVERY_S


@pytest.mark.parametrize(
    ("status", "tries", "refused", "is_given_up"),
    [
        (550, 5, True, True),
        (550, 4, True, False),
        (451, 50, True, False),
        (None, 50, True, False),
        (535, 50, False, False),
    ],
)
def test_what_is_given_up_within_a_day(
    status: int | None, tries: int, refused: bool, is_given_up: bool
) -> None:
    """What is refused for good; not what is wrong with our own way in, which somebody mends."""
    assert rules.is_given_up(status, tries, refused=refused) is is_given_up


@pytest.mark.parametrize(
    "changes",
    [
        {"smtp_from": None},
        {"smtp_from": "map"},
        {"smtp_from": "map@city.example\nBcc: x@y.example"},
        {"smtp_host": "8.8.8.8", "smtp_security": "none"},
        {"smtp_host": "mail.internal", "smtp_security": "none", "smtp_user": "map"},
        {"smtp_host": "mail.example\n"},
        {"smtp_security": "maybe"},
        {"smtp_port": 0},
    ],
)
def test_settings_that_are_refused(changes: dict[str, Any]) -> None:
    """Before anything is sent; a password never goes in the open but on this machine."""
    with pytest.raises(ValidationError):
        Settings(**{**MAIL, **changes})


def test_a_password_from_a_file(tmp_path: Path) -> None:
    """The file goes before the word."""
    (tmp_path / "password").write_text("secret\n")
    settings = Settings(**MAIL, smtp_user="map", smtp_password_file=tmp_path / "password")
    assert settings.read_smtp_password() == "secret"
    assert "gehe1m" not in repr(Settings(**MAIL, smtp_user="map", smtp_password="gehe1m"))


def post(settings: Settings) -> posting.Posted:
    """A test mail, handed to the mail server of the settings."""
    letter = letters.of_test("网格一", "http://x")
    message = letters.message(letter, sender=SENDER, to=BOX, message_id=ID, at=NOW)
    return asyncio.run(posting.post(settings, BOX, message))


def test_in_the_open_only_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads to the internet is looked at before anything is said."""
    settings = Settings(smtp_host="one.one.one.one", smtp_from=SENDER, smtp_security="none")

    async def found(*_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", 25)), (2, 1, 6, "", ("1.1.1.1", 25))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", found)
    assert "must not be none" in (post(settings).error or "")


def test_encrypted_and_signed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """STARTTLS with a certificate that is checked; a wrong password and a strange certificate are
    named, and nothing is handed over."""
    certificate, key = make_certificate(tmp_path)
    server = MailServer(tmp_path, str(certificate), str(key))
    server.start()
    words = {**MAIL, "smtp_host": "localhost", "smtp_port": server.port, "smtp_user": "desk"}
    trusted = ssl.create_default_context(cafile=str(certificate))
    try:
        stranger = post(Settings(**words, smtp_password="secret"))
        assert stranger.status is None and "no encrypted way" in (stranger.error or "")
        monkeypatch.setattr(posting, "_tls", lambda: trusted)
        wrong = post(Settings(**words, smtp_password="wrong"))
        assert (wrong.status, wrong.error) == (535, "sign-in refused: 535")
        assert server.taken() == []
        assert post(Settings(**words, smtp_password="secret")) == posting.Posted(250, None)
        (taken,) = server.taken()
        assert taken["is_encrypted"] and taken["to"] == [BOX]
    finally:
        server.stop()


def test_a_server_that_knows_no_encryption(tmp_path: Path) -> None:
    """It is not spoken to in the open instead."""
    server = MailServer(tmp_path)
    server.start()
    try:
        posted = post(Settings(**MAIL, smtp_port=server.port))
        assert posted.status is None and posted.error is not None
        assert server.taken() == []
    finally:
        server.stop()


@pytest.mark.parametrize("mode", ["content", "unknown", "later"])
def test_what_a_server_says_is_kept_without_the_address(tmp_path: Path, mode: str) -> None:
    """Recipient or content refused, with its status."""
    server = MailServer(tmp_path)
    server.start()
    server.does(mode)
    try:
        posted = post(Settings(**MAIL, smtp_port=server.port, smtp_security="none"))
        status = {"content": 554, "unknown": 550, "later": 451}[mode]
        assert (posted.status, posted.refused) == (status, True)
        assert BOX not in (posted.error or "")
    finally:
        server.stop()


def test_nobody_listens() -> None:
    """Named, without a traceback."""
    posted = post(Settings(**MAIL, smtp_port=1, smtp_security="none"))
    assert posted.status is None and "no exchange with the mail server" in (posted.error or "")

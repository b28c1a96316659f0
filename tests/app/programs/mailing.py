"""What tests of mail to desks share: a mail server, desks, assignments, a clock to move."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, text

from tests import staff
from tests.app.incidents.reports import CELL, a_report
from tests.server import ServerProcess, free_port, serving
from tests.waiting import wait_until

PATH = "/api/v1/duty_mailboxes"
SENDER = "map@city.example"
BOX = "desk-42@city.example"


class MailServer:
    """The mail server's process, and the folder by which it is told what to do."""

    def __init__(self, folder: Path, *certificate: str) -> None:
        self.folder, self.port, self._certificate = folder, free_port(), certificate
        (folder / "taken").write_text("")
        self.does("ok")
        self.process: subprocess.Popen[bytes] | None = None

    def does(self, mode: str) -> None:
        """From now on."""
        (self.folder / "mode").write_text(mode)

    def start(self) -> None:
        """Come up."""
        command = [sys.executable, str(Path(__file__).with_name("mail_server.py"))]
        words = [str(self.port), str(self.folder), *self._certificate]
        self.process = subprocess.Popen([*command, *words])
        wait_until(self._listens)

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self) -> None:
        """Go down."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def has_ended(self) -> bool:
        """Whether it went down by itself."""
        return self.process is not None and self.process.poll() is not None

    def taken(self, mode: str = "ok") -> list[Any]:
        """What it was handed while it did that."""
        lines = map(json.loads, (self.folder / "taken").read_text().splitlines())
        return [line for line in lines if line["mode"] == mode]

    def mails(self, mode: str = "ok") -> list[EmailMessage]:
        """The same as mails."""
        return [read(line["raw"]) for line in self.taken(mode)]

    def settings(self, security: str = "none") -> dict[str, str]:
        """Those of a server that sends by it."""
        return {
            "MINQING_SMTP_HOST": "127.0.0.1",
            "MINQING_SMTP_PORT": str(self.port),
            "MINQING_SMTP_SECURITY": security,
            "MINQING_SMTP_FROM": SENDER,
        }


def read(raw: str) -> EmailMessage:
    """A mail as a reader's program understands it."""
    mail = message_from_string(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def words_of(mail: EmailMessage) -> str:
    """Its text, decoded."""
    return str(mail.get_content())


@dataclass(frozen=True)
class AUnit:
    """A duty unit of the test city, and the area of its station."""

    id: int
    call_sign: str
    area_code: int


def a_unit(engine: Engine, role: str, nth: int = 0) -> AUnit:
    """A unit on duty of the community in which `a_report` lies, or of one above it."""
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT u.id, u.call_sign, s.area_code FROM duty_unit u"
                " JOIN station s ON s.id = u.station_id"
                " WHERE u.role = :role AND u.valid @> now() AND s.valid @> now()"
                "   AND (s.area_code / 1000 * 1000 = :community OR s.area_code IN"
                "        (:community / 1000000 * 1000000, :community / 1000000000 * 1000000000))"
                " ORDER BY s.area_code DESC, u.call_sign OFFSET :nth LIMIT 1"
            ),
            {"role": role, "community": CELL // 1000 * 1000, "nth": nth},
        ).one()
    return AUnit(row.id, row.call_sign, row.area_code)


def unit_of(engine: Engine, unit_id: int) -> AUnit:
    """A unit by its number."""
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT u.id, u.call_sign, s.area_code FROM duty_unit u"
                " JOIN station s ON s.id = u.station_id WHERE u.id = :id"
            ),
            {"id": unit_id},
        ).one()
    return AUnit(row.id, row.call_sign, row.area_code)


@contextmanager
def mailing(database: URL, mail_server: MailServer, **env: str) -> Iterator[ServerProcess]:
    """A server that sends mail, at which the admin has given the password again."""
    with serving(database, **{**mail_server.settings(), **env}) as server:
        step_up(server)
        yield server


def step_up(server: ServerProcess) -> None:
    """The admin's password once more."""
    url = f"{server.base_url}/api/v1/session/step_up"
    assert staff.post(url, json={"password": staff.PASSWORD}).is_success


def set_mailbox(server: ServerProcess, unit: AUnit, mailbox: str = BOX) -> int:
    """The number of the mailbox of a unit's desk, which is set now."""
    body = {"call_sign": unit.call_sign, "mailbox": mailbox}
    answer = staff.Client().put(server.base_url + PATH, json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


def step(server: ServerProcess, case_id: str, name: str, **words: Any) -> None:
    """A step of a case, in the admin's name."""
    url = f"{server.base_url}/api/v1/incidents/{case_id}/steps"
    answer = staff.post(url, json={"step": name, **words})
    assert answer.status_code == 200, answer.text


def assign(server: ServerProcess, unit: AUnit, **words: Any) -> tuple[str, int]:
    """Id and number of a new case, which is assigned to a unit."""
    body = a_report(**words)
    answer = staff.post(f"{server.base_url}/api/v1/incidents", json=body)
    assert answer.status_code == 201, answer.text
    step(server, body["id"], "register")
    step(server, body["id"], "assign", unit_id=unit.id)
    return body["id"], int(answer.json()["no"])


def mails_of(server: ServerProcess, mailbox: int, **words: str) -> list[Any]:
    """What was and is to be sent to a desk, the oldest first."""
    answer = staff.get(f"{server.base_url}{PATH}/{mailbox}/mails", params=words)
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json()["items"]))


def states(server: ServerProcess, mailbox: int) -> list[str]:
    """How they stand."""
    return [mail["state"] for mail in mails_of(server, mailbox)]


def shown(server: ServerProcess, mailbox: int) -> Any:
    """How a mailbox stands."""
    items = staff.get(server.base_url + PATH).json()["items"]
    return next(item for item in items if item["id"] == mailbox)


def move_clock(engine: Engine, hours: int = 0) -> None:
    """Let every wait be over, and what waits be so much older."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE duty_mail SET due_at = least(due_at, now()),"
                " queued_at = queued_at - make_interval(hours => :h)"
            ),
            {"h": hours},
        )
        # In the order in which the sender takes them: otherwise each might wait for the other.
        connection.execute(text("UPDATE duty_mailbox SET next_at = NULL"))


def wait_for_mails(server: ServerProcess, mailbox: int, count: int) -> None:
    """Until so many have been put among those that wait, or that are done with."""
    wait_until(lambda: len(mails_of(server, mailbox)) == count)


def wait_for_noted_page(engine: Engine) -> None:
    """Until a page was seen open after everything that is to be mailed was told."""

    def is_noted() -> bool:
        with engine.connect() as connection:
            return bool(
                connection.scalar(
                    text(
                        "SELECT max(p.last_open_at) > (SELECT max(told_at) FROM duty_mail)"
                        " FROM open_page p"
                    )
                )
            )

    wait_until(is_noted)

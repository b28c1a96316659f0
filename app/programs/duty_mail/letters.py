"""What a mail to a desk says: number, category, area, deadline, link. Pure.

Nothing that anybody wrote goes in: no title, no text, no address, no point, no contact. Of a
warning of fraud it says the number and the link, and not that it is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

from app.core import mail_address
from app.core.clock import CITY_ZONE

WARNINGS = "11"
"""With these digits the categories of warnings of fraud begin."""
_RULE = "-" * 40
_FOOT_ZH = "本邮件由民情地图自动发出，请勿回复。"
_FOOT_EN = "Sent by Minqing Map; replies are not read."


@dataclass(frozen=True)
class Letter:
    """A subject and a plain text."""

    subject: str
    text: str


@dataclass(frozen=True)
class CaseFacts:
    """What may be said of a case.

    Attributes:
        category: four digits of the filing standard; `name_zh`, `name_en` its standard name.
        cell_code: 15-digit code of the grid cell.
        places: names of the areas around it, the city first; each in Chinese and in English.
        due_at: its deadline (UTC); None where none is fixed.
        simulated: whether the simulation made it up.
    """

    no: int
    category: str
    name_zh: str
    name_en: str
    cell_code: int
    places: Sequence[tuple[str, str]]
    due_at: datetime | None
    simulated: bool


def of_case(case: CaseFacts, base_url: str, now: datetime) -> Letter:
    """That a case was assigned to the desk.

    Args:
        base_url: under which people reach the server.
        now: the instant (UTC) from which the time left is counted.
    """
    link = f"{base_url.rstrip('/')}/?face=cases&f.sel={case.no}"
    mark_zh, mark_en = ("【模拟】", "[simulated] ") if case.simulated else ("", "")
    subject = f"{mark_zh}【民情地图】新派案件 {case.no} / {mark_en}Case {case.no} assigned"
    zh = [f"案件 {case.no} 已派给你处，请签收。"]
    en = [f"Case {case.no} was assigned to your desk."]
    if not case.category.startswith(WARNINGS):
        zh += [
            f"类别：{case.category} {case.name_zh}",
            f"位置：{' › '.join(name for name, _ in case.places)}，网格 {case.cell_code}",
            f"时限：{_left_zh(case.due_at, now)}",
        ]
        en += [
            f"Category: {case.category} {case.name_en}",
            f"Area: {' › '.join(name for _, name in case.places)}, cell {case.cell_code}",
            f"Deadline: {_left_en(case.due_at, now)}",
        ]
    return Letter(subject, _text([*zh, f"打开：{link}"], [*en, f"Open: {link}"]))


def of_test(call_sign: str, base_url: str) -> Letter:
    """That mail reaches the desk."""
    link = base_url.rstrip("/") + "/"
    zh = [f"这是发给 {call_sign} 值班邮箱的测试邮件，收到即表示可以送达。", f"打开：{link}"]
    en = [f"This is a test for the duty mailbox of {call_sign}: mail arrives.", f"Open: {link}"]
    return Letter("【民情地图】测试邮件 / Test mail", _text(zh, en))


def message(
    letter: Letter, *, sender: str, to: str, message_id: UUID, at: datetime
) -> EmailMessage:
    """A letter as it is sent.

    Args:
        message_id: the same at each try, so that who gets it twice may know.
        sender, to: addresses that were checked (core.mail_address).
        at: when it was written (UTC).

    Raises:
        ValueError: something that is to stand in one line of the head holds a line break.
    """
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = to
    made["Subject"] = letter.subject
    made["Date"] = format_datetime(at)
    made["Message-ID"] = f"<{message_id}@{mail_address.host_of(sender)}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text, cte="base64")
    return made


def _text(zh: Sequence[str], en: Sequence[str]) -> str:
    return "\n".join([*zh, _FOOT_ZH, "", _RULE, "", *en, _FOOT_EN, ""])


def _left_zh(due_at: datetime | None, now: datetime) -> str:
    if due_at is None:
        return "没有规定"
    until = f"{due_at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}"
    if due_at <= now:
        return f"已于 {until} 到期"
    days, hours, minutes = _parts(due_at - now)
    parts = [f"{days} 天" if days else "", f"{hours} 小时" if hours else ""]
    parts.append(f"{minutes} 分钟" if not days else "")
    return f"还剩 {' '.join(part for part in parts if part)}（{until}）"


def _left_en(due_at: datetime | None, now: datetime) -> str:
    if due_at is None:
        return "none is fixed"
    until = f"{due_at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}, China time"
    if due_at <= now:
        return f"passed ({until})"
    days, hours, minutes = _parts(due_at - now)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else ""]
    parts.append(f"{minutes} min" if not days else "")
    return f"{' '.join(part for part in parts if part)} left ({until})"


def _parts(left: timedelta) -> tuple[int, int, int]:
    """Days, hours and minutes, rounded down."""
    minutes = int(left.total_seconds()) // 60
    return minutes // 1440, minutes // 60 % 24, minutes % 60

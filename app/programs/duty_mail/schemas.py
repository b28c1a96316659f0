"""What the paths of duty mailboxes take and give."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.paging import Cursor, Page
from app.core.plain_text import clean_line
from app.core.query_words import StrictQuery
from app.dispatch.rules import UnitRole
from app.programs.duty_mail.rules import MailState, Why


class NewDutyMailbox(BaseModel):
    """Where the desk of a unit gets mail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    call_sign: Annotated[
        str, Field(strict=True, min_length=1, max_length=80), AfterValidator(clean_line)
    ] = Field(description="Call sign of a unit on duty.")
    mailbox: Annotated[str, Field(strict=True, min_length=3, max_length=254)] = Field(
        description="Mailbox of the desk, never of a person: ASCII, one @, a host with a dot.",
        examples=["duty-620111@city.example"],
    )


class DutyMailbox(BaseModel):
    """The mailbox of a desk, and how it stands."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its number.")
    call_sign: str = Field(description="Call sign of the unit.")
    mailbox: str = Field(description="Where to.")
    area_code: int = Field(description="15-digit code of the area of the unit's station.")
    on_duty: bool = Field(
        description="Whether a unit of that call sign is on duty at that station; otherwise nothing"
        " is sent."
    )
    role: UnitRole | None = Field(description="What the unit does; null while it is not on duty.")
    station: str | None = Field(description="Name of the station; null while it does not stand.")
    set_at: datetime = Field(description="When it was set (RFC 3339, UTC).")
    failures: int = Field(ge=0, description="Failures in a row; 0 while mail is taken.")
    next_at: datetime | None = Field(
        description="Nothing is sent before (RFC 3339, UTC); null: as soon as there is something."
    )
    last_error: str | None = Field(description="What was wrong with the last failure in a row.")
    waiting: int = Field(ge=0, description="Mails that wait to be sent.")
    failed: int = Field(ge=0, description="Mails that were given up.")
    sent_at: datetime | None = Field(description="When it was last sent one (RFC 3339, UTC).")


class DutyMailboxPage(Page[DutyMailbox]):
    """Mailboxes by call sign, always all of them."""

    is_mail_set_up: bool = Field(
        default=False,
        description="Whether this server has a mail server (`MINQING_SMTP_HOST`); otherwise nothing"
        " is sent to anybody.",
    )


class MailQuery(StrictQuery):
    """Which mails."""

    state: MailState | None = Field(default=None, description="Only those that stand so.")
    limit: int = Field(default=50, ge=1, le=500, description="Items in one part of the list.")
    cursor: Cursor = None


class Mail(BaseModel):
    """One mail to a desk."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its number.")
    no: int | None = Field(description="Short number of the case; null for a test.")
    told_at: datetime = Field(description="When the case was assigned (RFC 3339, UTC).")
    state: MailState = Field(description="How it stands.")
    why: Why | None = Field(description="Why it was not needed; null otherwise.")
    tries: int = Field(ge=0, description="How often it was sent.")
    tried_at: datetime | None = Field(description="When last (RFC 3339, UTC).")
    last_status: int | None = Field(description="SMTP status of the last answer; null for none.")
    last_error: str | None = Field(description="What was wrong the last time.")
    sent_at: datetime | None = Field(description="When the mail server took it (RFC 3339, UTC).")


class MailPage(Page[Mail]):
    """Mails, the newest first."""


class ResendMail(BaseModel):
    """What to send again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mail: Annotated[int, Field(strict=True, ge=1, lt=2**63)] | None = Field(
        default=None, description="Number of one mail; null: all that were given up."
    )


class QueuedMail(BaseModel):
    """What will be sent."""

    queued: int = Field(ge=0, description="How many wait now.")

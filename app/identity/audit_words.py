"""What is written down for good, and how a row of the chain is hashed. Pure: nothing of ours.

Each row's hash covers the hash of the row before it and the row itself, as one text that can be
read in one way only: every value with its length in front, nothing for what is not there. The
database writes the same (app/sql/40_audit.sql); checking is done here, apart from it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

BEFORE_THE_FIRST = bytes(32)
"""What stands in for the hash of the row before the first."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class AuditKind(StrEnum):
    """What was done."""

    REVEAL = "reveal"
    EXPORT = "export"
    CONTACT_CHANGED = "contact_changed"
    CONTACT_ERASED = "contact_erased"
    CONTACT_KEY_CHANGED = "contact_key_changed"
    PHOTO_ERASED = "photo_erased"
    TEXT_ERASED = "text_erased"
    RETENTION_CHANGED = "retention_changed"
    GRANT_ADDED = "grant_added"
    GRANT_REVOKED = "grant_revoked"
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_LINKED = "account_linked"
    ACCOUNT_UNLINKED = "account_unlinked"
    PASSWORD_CHANGED = "password_changed"
    SESSIONS_ENDED = "sessions_ended"
    ACCOUNT_RELEASED = "account_released"
    SECOND_FACTOR_ADDED = "second_factor_added"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    PROPOSAL_MADE = "proposal_made"
    PROPOSAL_CONFIRMED = "proposal_confirmed"
    PROPOSAL_REFUSED = "proposal_refused"
    PROPOSAL_WITHDRAWN = "proposal_withdrawn"
    STANDARD_PUBLISHED = "standard_published"
    WORKING_DAYS_TAKEN = "working_days_taken"
    PLAN_APPROVED = "plan_approved"
    PLAN_PUBLISHED = "plan_published"
    KEY_ADDED = "key_added"
    KEY_REVOKED = "key_revoked"
    KEY_USED = "key_used"
    WEBHOOK_ADDED = "webhook_added"
    WEBHOOK_REMOVED = "webhook_removed"
    WEBHOOK_RESENT = "webhook_resent"
    DUTY_MAILBOX_SET = "duty_mailbox_set"
    DUTY_MAILBOX_REMOVED = "duty_mailbox_removed"
    DUTY_MAIL_RESENT = "duty_mail_resent"
    DUTY_MAIL_TESTED = "duty_mail_tested"


@dataclass(frozen=True)
class ChainRow:
    """A row as the chain covers it; `at` in UTC, `hash` as it is stored."""

    no: int
    at: datetime
    account: str | None
    role: str | None
    area_code: int
    kind: str
    incident_no: int | None
    detail: str
    reason: str | None
    hash: bytes


def row_hash(before: bytes, row: ChainRow) -> bytes:
    """What the hash of a row must be after a row with the hash `before`."""
    at_us = (row.at - _EPOCH) // _MICROSECOND
    values = (
        row.no, at_us, row.account, row.role, row.area_code, row.kind, row.incident_no,
        row.detail, row.reason,
    )  # fmt: skip
    return hashlib.sha256(before + "".join(map(_part, values)).encode()).digest()


def _part(value: object) -> str:
    if value is None:
        return "-;"
    text = str(value)
    return f"{len(text.encode())}:{text};"


@dataclass(frozen=True)
class ChainReport:
    """What a look at the whole chain found.

    Attributes:
        rows: how many rows there are.
        first_bad: number of the first row that is not as it was written; None where all are.
        head: number and hash of the last row that the chain reaches.
    """

    rows: int
    first_bad: int | None
    head: tuple[int, bytes]

    @property
    def ok(self) -> bool:
        """Whether nothing was changed, removed or put in another order."""
        return self.first_bad is None


def check_chain(
    rows: Iterable[ChainRow], head: tuple[int, bytes], noted: dict[int, bytes] | None = None
) -> ChainReport:
    """Follow the chain from its first row.

    Args:
        rows: all of them, by number.
        head: number and hash of the last row, as kept apart from the rows: without it rows could
            be taken off the end.
        noted: hashes that were noted earlier, by number: without them whoever holds the database
            could write the whole chain anew.
    """
    wanted = dict(noted or {})
    count, before, first_bad = 0, BEFORE_THE_FIRST, None
    for row in rows:
        count += 1
        expected = row_hash(before, row)
        as_noted = wanted.pop(row.no, expected) == expected
        if first_bad is None and not (row.no == count and row.hash == expected and as_noted):
            # A row too few: the first one that is missing.
            first_bad = min(row.no, count)
        before = row.hash
    if first_bad is None and (count, before) != head:
        first_bad = min(head[0], count) + 1 if head[0] != count else count
    if first_bad is None and wanted:
        first_bad = min(wanted)
    return ChainReport(count, first_bad, (count, before))

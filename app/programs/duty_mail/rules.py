"""Mail to desks as pure decisions: how long to wait, what is given up, for whom a page counts."""

from enum import StrEnum

from app.identity.rules import Role
from app.incidents.lifecycle.who_may import TIER_OF_LEVEL, Unit, answers_for
from geodata.codes import level_of

# A page that is open is noted so often, by each server for its own.
NOTE_PAGES_EVERY_S = 8.0
# After an assignment so long is waited for a page that is open to be noted, and for one that is
# being loaded anew: longer than twice the time between two notes.
WAIT_FOR_PAGES_S = 20.0
# Kept for looking back; what counts is seconds old.
FORGET_PAGES_AFTER_H = 24
# What the mail server refuses for good (5xx to the recipient or the content) is tried so often:
# about a minute, in case somebody is mending the mailbox.
MOST_TRIES_REFUSED = 5
# One exchange with the mail server, from the connection to the last answer, and each part of it.
EXCHANGE_WITHIN_S = 30.0
ANSWER_WITHIN_S = 10.0
# Of the words of a mail server so much is kept.
LONGEST_ERROR = 200


class MailState(StrEnum):
    """How a mail stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    # The case no longer waits for the unit, or a page of theirs was open.
    UNNEEDED = "unneeded"


class Why(StrEnum):
    """Why a mail was not needed."""

    MOVED_ON = "moved_on"
    PAGE_OPEN = "page_open"


def is_given_up(status: int | None, tries: int, *, refused: bool) -> bool:
    """Whether a mail is given up before its day is over, after so many tries.

    Args:
        status: of the last answer; None for none.
        refused: whether recipient or content were refused, not our way in.
    """
    permanent = status is not None and 500 <= status < 600
    return permanent and refused and tries >= MOST_TRIES_REFUSED


def is_theirs(role: str, area_code: int, unit: Unit) -> bool:
    """Whether a page that shows a case is one of the unit to which it is assigned.

    Args:
        role, area_code: of the grant under which it is open.
    """
    return answers_for(Role(role), TIER_OF_LEVEL[level_of(area_code)], unit)

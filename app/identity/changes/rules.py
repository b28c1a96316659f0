"""Where a change of many accounts stands. Pure."""

from enum import StrEnum

KEPT_H = 24
"""For so long (hours) it is kept how a change ended."""


class ChangeStage(StrEnum):
    """What is being done."""

    READING = "reading"
    PASSWORDS = "passwords"
    WRITING = "writing"
    ENDED = "ended"

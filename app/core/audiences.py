"""To whom an event goes: besides the area where it happened, the subject that it tells of. Pure."""

from enum import StrEnum


class Audience(StrEnum):
    """The subject of an event: whoever may list it may hear of it (`identity.audiences`)."""

    EVERYONE = "everyone"
    CASES = "cases"
    WARNINGS = "warnings"
    MEDIATION = "mediation"
    ROSTER = "roster"
    PLANS = "plans"

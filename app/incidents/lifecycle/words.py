"""What a step must say: a reason, a unit, an end, an outcome, another case. Pure."""

from dataclasses import dataclass
from datetime import datetime

from app.incidents.lifecycle.transitions import NEEDS_REASON
from app.incidents.rules import CheckOutcome, DisputeOutcome, Satisfaction, Step, Verification


@dataclass(frozen=True)
class Word:
    """One thing that a step may say.

    Attributes:
        kind: text, unit, instant, choice or incident.
        choices: of a choice.
    """

    name: str
    kind: str
    required: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    """What somebody says with a step. `other_no` is the number of the other case."""

    step: Step
    reason: str | None = None
    unit_id: int | None = None
    until: datetime | None = None
    outcome: str | None = None
    other_no: int | None = None


OUTCOMES: dict[Step, tuple[str, ...]] = {
    Step.VERIFY: tuple(Verification),
    Step.CHECK: tuple(CheckOutcome),
    Step.FOLLOW_UP: tuple(Satisfaction),
}
FAILURES = frozenset({CheckOutcome.NOT_PASS, CheckOutcome.UNABLE})


def outcomes(step: Step, *, is_dispute: bool) -> tuple[str, ...]:
    """The outcomes that a step may have, one of which it must; empty for a step without."""
    if step is Step.CLOSE and is_dispute:
        return tuple(DisputeOutcome)
    return OUTCOMES.get(step, ())


def words_of(step: Step, *, is_dispute: bool) -> tuple[Word, ...]:
    """What a step may say, what it must first. Every step may give a reason.

    Args:
        is_dispute: whether the case is one: then closing says how it ended.
    """
    found = []
    if step is Step.ASSIGN:
        found.append(Word("unit_id", "unit", required=True))
    if step is Step.MERGE:
        found.append(Word("other_id", "incident", required=True))
    if step is Step.SUSPEND:
        found.append(Word("until", "instant", required=True))
    choices = tuple(map(str, outcomes(step, is_dispute=is_dispute)))
    if choices:
        found.append(Word("outcome", "choice", required=True, choices=choices))
    found.append(Word("reason", "text", required=step in NEEDS_REASON))
    return tuple(found)


def faults(said: Said, *, is_dispute: bool) -> list[tuple[str, str]]:
    """Which words are missing, wrong or too much: (name, message) of each."""
    given = {
        "unit_id": said.unit_id,
        "other_id": said.other_no,
        "until": said.until,
        "outcome": said.outcome,
        "reason": said.reason,
    }
    words = {word.name: word for word in words_of(said.step, is_dispute=is_dispute)}
    found = []
    for name, value in given.items():
        word = words.get(name)
        if word is None and value is not None:
            found.append((name, f"means nothing to the step {said.step}"))
        elif word is not None and word.required and not value:
            found.append((name, f"is needed for the step {said.step}"))
        elif word is not None and word.choices and value not in word.choices:
            found.append((name, f"must be one of {', '.join(word.choices)}"))
    if said.step is Step.CHECK and said.outcome in FAILURES and not said.reason:
        found.append(("reason", f"is needed for the outcome {said.outcome}"))
    return found

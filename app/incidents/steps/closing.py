"""When a case closes by itself. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.incidents.lifecycle.rules import Case
from app.incidents.rules import CheckOutcome, Status, kind_of


@dataclass(frozen=True)
class Rule:
    """After how many days cases of a category close by themselves.

    Attributes:
        prefix: first digits of the categories; the longest that fits holds.
        since, until: in force from the one to before the other (UTC); None for no end.
    """

    prefix: str
    days: int
    since: datetime
    until: datetime | None

    def holds(self, category: str, at: datetime) -> bool:
        """Whether it is in force for a category."""
        in_force = self.since <= at and (self.until is None or at < self.until)
        return in_force and category.startswith(self.prefix)


def closes_at(case: Case, category: str, rules: Iterable[Rule]) -> tuple[datetime, Rule] | None:
    """When a case closes by itself (UTC) and by which rule; None for never.

    By the rule in force when it passed its check. A dispute never does: somebody has to say how it
    ended; nor a case with an appeal that waits.
    """
    waits = case.status is Status.PENDING_CHECK and case.checked in (None, CheckOutcome.PASS)
    if not waits or case.appeals or case.checked_at is None or kind_of(category) == "dispute":
        return None
    fitting = [rule for rule in rules if rule.holds(category, case.checked_at)]
    if not fitting:
        return None
    rule = max(fitting, key=lambda rule: len(rule.prefix))
    return case.checked_at + timedelta(days=rule.days), rule

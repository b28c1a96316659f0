"""Batches of reports: each is looked at, filed and answered by itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.core.context import Context
from app.core.errors import Problem, from_errors
from app.core.problem_docs import ProblemBody
from app.identity.rules import Asker
from app.incidents.cases.schemas import NewIncident
from app.incidents.intake import service
from app.incidents.intake.schemas import BatchAnswer, BatchLine, Became
from app.incidents.intake.service import Taken


def take(
    context: Context, asker: Asker, raw: Sequence[Any], now: datetime, instance: str
) -> BatchAnswer:
    """Acknowledge the reports of a batch that can be filed, all in one transaction.

    Args:
        raw: the reports as they were sent.
        instance: path under which they came.
    """
    read = [_read(one) for one in raw]
    fit = [one for one in read if isinstance(one, NewIncident)]
    taken = iter(service.take(context, asker, fit, now) if fit else [])
    outcomes = [one if isinstance(one, Problem) else next(taken) for one in read]
    items = [
        _line(one.id if isinstance(one, NewIncident) else _id_of(sent), outcome, instance)
        for sent, one, outcome in zip(raw, read, outcomes, strict=True)
    ]
    counts = {became: sum(item.became is became for item in items) for became in Became}
    return BatchAnswer(
        filed=counts[Became.FILED],
        known=counts[Became.KNOWN],
        refused=counts[Became.REFUSED],
        items=items,
    )


def _read(raw: Any) -> NewIncident | Problem:
    try:
        return NewIncident.model_validate(raw)
    except ValidationError as error:
        return from_errors(error.errors(include_url=False))


def _line(own_id: UUID | None, outcome: Taken | Problem, instance: str) -> BatchLine:
    if isinstance(outcome, Problem):
        problem = ProblemBody.model_validate(outcome.body(instance))
        return BatchLine(id=own_id, became=Became.REFUSED, problem=problem)
    return BatchLine(
        id=own_id,
        became=Became.FILED if outcome.is_new else Became.KNOWN,
        no=outcome.receipt.no,
        reported_at=outcome.receipt.reported_at,
        cell_code=outcome.receipt.cell_code,
    )


def _id_of(raw: Any) -> UUID | None:
    try:
        return UUID(raw["id"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None

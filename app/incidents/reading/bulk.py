"""The past of many cases at once: what `rules.read` says of every event, computed side by side.

The ordinary course of a case is computed for all cases together. A case with a step out of the
ordinary (`ORDINARY`) is folded one by one by the rules. Both say the same, which a test holds.
Instants are int64 microseconds since 2000-01-01 UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.core.binary_copy import Field
from app.incidents.clocks.limits import UNIT_NUMBERS, WORKING_SPANS, Calendar, Unit
from app.incidents.clocks.rules import DUE_SOON_PART, HANDED_BACK, Limits, rung_of
from app.incidents.clocks.standard import limits_over_time
from app.incidents.reading.openhours import NO_INSTANT, IntArray, OpenHours, years_of
from app.incidents.reading.queries import STATUS_OF, TIER_OF, values_of
from app.incidents.reading.rules import read
from app.incidents.rules import STATUS_NUMBERS, Event, Step, is_open
from geodata.instants import EPOCH, from_us, to_us

STEPS = tuple(Step)
ORDINARY = frozenset({
    Step.REPORT, Step.ASK_VERIFICATION, Step.VERIFY, Step.REGISTER, Step.REFUSE, Step.ASSIGN,
    Step.ACKNOWLEDGE, Step.RETURN, Step.HANDLE, Step.HAND_BACK, Step.CHECK, Step.CLOSE,
    Step.FORCE_CLOSE, Step.ESCALATE, Step.SUPERVISE, Step.REMIND, Step.FOLLOW_UP,
})  # fmt: skip
NO_UNIT = -1
_CODES = np.array([f"{number:04d}".encode() for number in range(10_000)], dtype="S4")
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Logs:
    """The whole logs of some cases.

    Attributes:
        no, category: (c,) of each case; the category as a number of four digits.
        case: (e,) place of its case, ascending.
        at, ordinal: (e,) instant and place of each event, ascending inside a case.
        step: (e,) place in STEPS.
        status, tier: (e,) as numbers.
        unit_id: (e,) of an assignment; NO_UNIT for none.
        until: (e,) when a suspension ends by itself; NO_INSTANT where nothing is said.
        cell_code: (e,) the cell in which the case lay from then on.
    """

    no: IntArray
    category: IntArray
    case: IntArray
    at: IntArray
    ordinal: IntArray
    step: IntArray
    status: IntArray
    tier: IntArray
    unit_id: IntArray
    until: IntArray
    cell_code: IntArray


@dataclass(frozen=True)
class Standard:
    """What clocks go by.

    Attributes:
        limits: by category, as a number of four digits.
        calendar: the working days.
        hours: open spans of every unit, over the years of the logs and three more.
        first_year: the first of these years.
        provisional: (years,) whether the calendar of each is not published yet.
    """

    limits: Mapping[int, Limits]
    calendar: Calendar
    hours: Mapping[Unit, OpenHours]
    first_year: int
    provisional: BoolArray

    @classmethod
    def of(
        cls, limits: Mapping[int, Limits], calendar: Calendar, first: int, last: int
    ) -> "Standard":
        """For logs of the years from `first` to `last`."""
        years = range(first - 1, last + 4)
        return cls(
            limits,
            calendar,
            {unit: OpenHours.of(unit, calendar, years[0], years[-1]) for unit in Unit},
            years[0],
            np.array([calendar.is_provisional(year) for year in years]),
        )

    @cached_property
    def begins_with(self) -> IntArray:
        """(10000,) place in STEPS of the step with which the clock of each category starts."""
        steps = {step.value: place for place, step in enumerate(STEPS)}
        return np.array([steps[self.limits_of(c).starts_with] for c in range(10_000)])

    @cached_property
    def is_ladder(self) -> BoolArray:
        """(10000,) whether the clock of each category starts anew with every rung."""
        return np.array([self.limits_of(c).is_ladder for c in range(10_000)])

    def limits_of(self, category: int) -> Limits:
        """Those of a category, of which the standard may say nothing."""
        found = self.limits.get(category)
        return limits_over_time(f"{category:04d}", ()) if found is None else found


def ordinary_past(logs: Logs, standard: Standard) -> list[Field]:
    """Columns of `case_past` for the cases that took the ordinary course: a row for each event
    while the case was open that another one followed later; in the order of the events."""
    rows = _Rows(logs)
    held = np.flatnonzero(rows.holds & ~strange_cases(logs)[logs.case])
    start = _starts(logs, rows, standard)
    end = _ends(logs, rows)
    clock = _clocks(logs, standard, held, start[held])
    unit_id = _units(logs, rows)
    held_since = _held_since(logs, rows, unit_id)
    ended = end[held] >= 0
    zero = np.zeros(len(held), dtype=np.int16)
    never = np.zeros(len(held), dtype=np.bool_)
    nothing = np.zeros(len(held), dtype=np.int64)
    small = np.int16
    return [
        Field("no", logs.no[logs.case[held]]),
        Field("since", logs.at[held]),
        Field("until", rows.until[held]),
        Field("cell_code", logs.cell_code[held]),
        Field("unit_id", unit_id[held], unit_id[held] != NO_UNIT),
        Field("held_since", held_since[held]),
        Field("started_at", logs.at[start[held]], start[held] >= 0),
        Field("ended_at", logs.at[end[held]], ended & (start[held] >= 0)),
        Field("due_at", clock.due, clock.has_due),
        Field("raw_due_at", nothing, never),
        Field("soon_at", clock.soon, clock.has_due),
        Field("paused_until", nothing, never),
        Field("resumes_at", nothing, never),
        Field("limit_thousandths", clock.thousandths.astype(np.int32), clock.has_limit),
        Field("version", logs.ordinal[held].astype(small)),
        Field("status", logs.status[held].astype(small)),
        Field("tier", logs.tier[held].astype(small)),
        Field("limit_unit", clock.unit.astype(small), clock.has_limit),
        Field("extensions", zero),
        Field("resumes_as", zero, never),
        Field("provisional", clock.provisional),
        Field("category", _CODES[logs.category[logs.case[held]]]),
    ]


def strange_past(logs: Logs, standard: Standard) -> Iterator[dict[str, Any]]:
    """Rows of `case_past` of the other cases, folded one by one."""
    rows = _Rows(logs)
    for case in np.flatnonzero(strange_cases(logs)):
        category = int(logs.category[case])
        places = range(*np.searchsorted(logs.case, (case, case + 1)).tolist())
        log = [event_of(logs, place) for place in places]
        for count, place in enumerate(places, 1):
            if rows.holds[place]:
                reading, _ = read(log[:count], standard.limits_of(category), standard.calendar)
                yield {
                    "no": int(logs.no[case]),
                    "category": f"{category:04d}",
                    "cell_code": int(logs.cell_code[place]),
                    "until": from_us(rows.until[place]),
                    **values_of(reading),
                }


def event_of(logs: Logs, place: int) -> Event:
    """An event as the rules take it, as far as states and clocks go by it."""
    unit_id, until = int(logs.unit_id[place]), int(logs.until[place])
    return Event(
        from_us(logs.at[place]),
        int(logs.ordinal[place]),
        STEPS[logs.step[place]],
        STATUS_OF[int(logs.status[place])],
        TIER_OF[int(logs.tier[place])],
        unit_id=None if unit_id == NO_UNIT else unit_id,
        until=None if until == NO_INSTANT else from_us(until),
    )


def strange_cases(logs: Logs) -> BoolArray:
    """(c,) Whether a case left the ordinary course: by a step, or opened again."""
    rows = _Rows(logs)
    ordinary = np.array([step in ORDINARY for step in STEPS])[logs.step]
    reopened = np.zeros(len(logs.case), dtype=np.bool_)
    reopened[1:] = rows.is_open[1:] & ~rows.is_open[:-1] & ~rows.is_first[1:]
    answer: BoolArray = np.bincount(logs.case, ~ordinary | reopened, len(logs.no)) > 0
    return answer


class _Rows:
    """What follows from the order of the events alone: (e,) arrays.

    Attributes:
        is_first: whether it begins the log of a case.
        begin: place of the first event of its case.
        until: instant of the next event of its case.
        is_open: whether the case was open after it.
        holds: whether what it says held for some time, and no longer does.
    """

    def __init__(self, logs: Logs) -> None:
        count = len(logs.case)
        self.is_first = np.ones(count, dtype=np.bool_)
        self.is_first[1:] = logs.case[1:] != logs.case[:-1]
        self.begin = np.maximum.accumulate(np.where(self.is_first, np.arange(count), 0))
        self.until = np.zeros(count, dtype=np.int64)
        self.until[:-1] = np.where(self.is_first[1:], 0, logs.at[1:])
        self.is_open = _by_status(logs, is_open)
        self.holds = self.is_open & (self.until > logs.at)


def _by_status(logs: Logs, test: Any) -> BoolArray:
    table = np.zeros(max(STATUS_OF) + 1, dtype=np.bool_)
    for status, number in STATUS_NUMBERS.items():
        table[number] = test(status)
    answer: BoolArray = table[logs.status]
    return answer


def _last_true(flags: BoolArray, rows: _Rows) -> IntArray:
    """Place of the last event up to each one, of the same case, that has a flag; -1 for none."""
    places = np.maximum.accumulate(np.where(flags, np.arange(len(flags)), -1))
    answer: IntArray = np.where(places >= rows.begin, places, -1)
    return answer


def _starts(logs: Logs, rows: _Rows, standard: Standard) -> IntArray:
    """The event with which the clock that counts after each event started; -1 before it."""
    category = logs.category[logs.case]
    started = _last_true(logs.step == standard.begins_with[category], rows) >= 0
    rungs = np.zeros(max(TIER_OF) + 1, dtype=np.int64)
    for number, tier in TIER_OF.items():
        rungs[number] = rung_of(tier)
    # 0 before the start, then one more than the rung; cases apart, so that one running maximum
    # serves all of them.
    height = np.where(started, 1 + np.where(standard.is_ladder[category], rungs[logs.tier], 0), 0)
    reached = np.maximum.accumulate(height + 4 * logs.case) - 4 * logs.case
    climbed = (reached > 0) & (rows.is_first | np.r_[True, reached[1:] > reached[:-1]])
    return _last_true(climbed, rows)


def _ends(logs: Logs, rows: _Rows) -> IntArray:
    """The event that ended the clock after each event: handed back, or closed; -1 while it runs."""
    done = _by_status(logs, lambda status: status in HANDED_BACK or not is_open(status))
    began = done.copy()
    began[1:] &= ~done[:-1] | rows.is_first[1:]
    answer: IntArray = np.where(done, _last_true(began, rows), -1)
    return answer


def _units(logs: Logs, rows: _Rows) -> IntArray:
    """The unit to which the case was assigned after each event."""
    assigned = _last_true(logs.step == STEPS.index(Step.ASSIGN), rows)
    answer: IntArray = np.where(assigned >= 0, logs.unit_id[assigned], NO_UNIT)
    return answer


def _held_since(logs: Logs, rows: _Rows, unit_id: IntArray) -> IntArray:
    changed = rows.is_first.copy()
    changed[1:] |= (logs.tier[1:] != logs.tier[:-1]) | (unit_id[1:] != unit_id[:-1])
    answer: IntArray = logs.at[_last_true(changed, rows)]
    return answer


@dataclass
class _Clocks:
    """(n,) arrays; `unit` and `thousandths` of the limit."""

    has_limit: BoolArray
    has_due: BoolArray
    unit: IntArray
    thousandths: IntArray
    due: IntArray
    soon: IntArray
    provisional: BoolArray


def _clocks(logs: Logs, standard: Standard, held: IntArray, start: IntArray) -> _Clocks:
    count = len(held)
    unit, thousandths = np.zeros(count, np.int64), np.zeros(count, np.int64)
    length = np.zeros(count, np.int64)
    for chosen, limit in _limits_of(logs, standard, held, start):
        if limit is not None:
            unit[chosen] = UNIT_NUMBERS[limit.unit]
            thousandths[chosen] = limit.thousandths
            length[chosen] = to_us(EPOCH + limit.length)
    has_limit = unit > 0
    due, soon = np.full(count, NO_INSTANT), np.zeros(count, np.int64)
    provisional = np.zeros(count, dtype=np.bool_)
    since, begin = logs.at[held], logs.at[start]
    for kind, number in UNIT_NUMBERS.items():
        rows = np.flatnonzero(unit == number)
        hours = standard.hours[kind]
        due[rows] = hours.after(begin[rows], length[rows])
        left = hours.opened(due[rows]) - hours.opened(since[rows]) - length[rows] // DUE_SOON_PART
        soon[rows] = np.where(due[rows] <= since[rows], since[rows], hours.after(since[rows], left))
        if kind in WORKING_SPANS:
            provisional[rows] = _is_provisional(standard, begin[rows], due[rows])
    has_due = has_limit & (due != NO_INSTANT)
    return _Clocks(has_limit, has_due, unit, thousandths, due, soon, provisional & has_due)


def _limits_of(logs: Logs, standard: Standard, held: IntArray, start: IntArray) -> Iterator[Any]:
    """Places of rows whose clocks started under the same limit, with that limit."""
    category = logs.category[logs.case[held]]
    rungs = np.zeros(max(TIER_OF) + 1, dtype=np.int64)
    for number, tier in TIER_OF.items():
        rungs[number] = rung_of(tier)
    rung = rungs[logs.tier[start]]
    begin = logs.at[start]
    key = category * 4 + rung
    order = np.argsort(key, kind="stable")
    order = order[start[order] >= 0]
    edges = np.flatnonzero(np.diff(key[order])) + 1
    for group in np.split(order, edges):
        if not len(group):
            continue
        limits = standard.limits_of(int(category[group[0]]))
        tier = TIER_OF[int(logs.tier[start[group[0]]])]
        left = np.ones(len(group), dtype=np.bool_)
        for version in limits.versions:
            since = to_us(version.since)
            until = to_us(version.until) if version.until is not None else np.iinfo(np.int64).max
            inside = left & (begin[group] >= since) & (begin[group] < until)
            if inside.any() and version.limits:
                yield group[inside], limits.at(max(version.since, EPOCH), tier)
                left &= ~inside


def _is_provisional(standard: Standard, begin: IntArray, due: IntArray) -> BoolArray:
    upto = np.concatenate([[0], np.cumsum(standard.provisional)])
    first = (years_of(begin) - standard.first_year).clip(0, len(upto) - 2)
    last = (years_of(np.maximum(due, begin + 1) - 1) - standard.first_year).clip(0, len(upto) - 2)
    answer: BoolArray = upto[last + 1] > upto[first]
    return answer

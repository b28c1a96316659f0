"""Importing cases, with the checks that a report goes through; each begins as reported."""

import uuid
from datetime import datetime
from typing import Any

import pyarrow as pa
from pydantic import ValidationError

from app.city import queries as city_queries
from app.city.importing import fields, places, queries
from app.city.importing.work import Work
from app.city.loading import MONTHS_AHEAD
from app.core.copying import as_hex, copy_table, same
from app.core.db import driver_of
from app.incidents.cases.schemas import NewIncident
from app.incidents.reading import filling
from app.incidents.rules import Source, Status, Step, Tier

FIELDS = (
    "id", "category", "title", "description", "source", "severity", "occurred_at", "reported_at",
    "lon", "lat", "address",
)  # fmt: skip
NAMESPACE = uuid.UUID("5b1c7f0e-6d0a-4b7e-9a55-2f6c8f1f0c11")
FIRST_ORDINAL = 1


def take(work: Work) -> None:
    """Check every case as a report is checked, and write those that are not there yet."""
    found = places.find(work)
    if found is None:
        return
    cases = _cases(work, found)
    if not work.report.fits:
        return
    known = queries.receipts(work.session, [case.id for case in cases if case is not None])
    fresh = []
    for index, case in enumerate(cases):
        assert case is not None
        if case.id not in known:
            fresh.append(index)
        elif known[case.id] != case.digest():
            work.refuse(index, "id", f"{case.id} was already used for a different report")
    work.report.known = len(cases) - len(fresh)
    if work.report.fits and fresh:
        work.begin_writing()
        _write(work, found, cases, fresh)


def _cases(work: Work, found: places.Places) -> list[NewIncident | None]:
    """Every row as the report that it would be."""
    in_force = queries.categories_in_force(work.session, work.now)
    ids = work.each(
        "id",
        uuid.UUID,
        lambda index: uuid.uuid5(NAMESPACE, f"{work.file.sha256}:{work.file.row[index]}"),
    )
    work.refuse_twice("id", ids)
    category = work.each("category", _category(in_force))
    severity = work.each("severity", fields.count, lambda _: 2)
    source = work.each("source", fields.word(Source), lambda _: Source.TRANSFER.value)
    occurred_at = work.each("occurred_at", fields.past(work.now))
    reported_at = work.each(
        "reported_at", fields.past(work.now), lambda index: occurred_at[index] or work.now
    )
    title = work.each("title", str)
    description = work.each("description", str, lambda _: "")
    cases: list[NewIncident | None] = []
    for index in range(len(ids)):
        told, received = occurred_at[index], reported_at[index]
        if told is not None and received is not None and received < told:
            work.refuse(index, "reported_at", "lies before occurred_at")
        if int(work.file.row[index]) in work.report.refused_rows:
            cases.append(None)
            continue
        cases.append(
            _case(
                work,
                index,
                {
                    "id": ids[index],
                    "category": category[index],
                    "title": title[index],
                    "description": description[index],
                    "lon": float(found.points[index].x),
                    "lat": float(found.points[index].y),
                    "source": source[index],
                    "severity": severity[index],
                    "occurred_at": told,
                },
            )
        )
    return cases


def _category(in_force: set[str]) -> Any:
    def parse(text: str) -> str:
        # Spreadsheets take 0110 for a number and drop its first digit.
        code = text.zfill(4) if text.isascii() and text.isdigit() and len(text) == 3 else text
        if code not in in_force:
            raise ValueError(f"{text[:20]!r} is not in the filing standard in force")
        return code

    return parse


def _case(work: Work, index: int, values: dict[str, Any]) -> NewIncident | None:
    try:
        return NewIncident.model_validate(values)
    except ValidationError as error:
        for fault in error.errors():
            name = str(fault["loc"][0]) if fault["loc"] else "row"
            work.refuse(index, name, fault["msg"])
        return None


def _write(
    work: Work, found: places.Places, cases: list[NewIncident | None], fresh: list[int]
) -> None:
    reported_at = _reported_at(work, cases)
    fresh = sorted(fresh, key=lambda index: reported_at[index])
    numbers = queries.next_incident_numbers(work.session, len(fresh))
    times = [reported_at[index] for index in fresh]
    first, last = min(times), max(*times, work.now)
    city_queries.ensure_months(work.session, first, last + MONTHS_AHEAD)
    chosen = [case for index in fresh if (case := cases[index]) is not None]
    ids = pa.array([str(case.id) for case in chosen])
    no = pa.array(numbers, pa.int64())
    at = pa.array(times, pa.timestamp("us", "UTC"))
    count = len(chosen)
    incident = pa.table(
        {
            "reported_at": at,
            "no": no,
            "id": ids,
            "category": pa.array([case.category for case in chosen]),
            "title": pa.array([case.title for case in chosen]),
            "description": pa.array([case.description for case in chosen]),
            "severity": pa.array([case.severity for case in chosen], pa.int16()),
            "source": pa.array([case.source.value for case in chosen]),
            "status": same(Status.REPORTED.value, count),
            "cell_code": pa.array(found.cell_code[fresh]),
            "geom": as_hex(found.points[fresh], 4326),
            "location_uncertainty_m": pa.array(found.uncertainty_m[fresh]),
            "occurred_at": pa.array(
                [case.occurred_at for case in chosen], pa.timestamp("us", "UTC")
            ),
            "simulated": same(False, count),
        }
    )
    event = pa.table(
        {
            "at": at,
            "no": no,
            "ordinal": pa.repeat(pa.scalar(FIRST_ORDINAL, pa.int16()), count),
            "step": same(Step.REPORT.value, count),
            "status": same(Status.REPORTED.value, count),
            "tier": same(Tier.GRID.value, count),
            "cell_code": pa.array(found.cell_code[fresh]),
        }
    )
    receipt = pa.table(
        {
            "id": ids,
            "body_hash": pa.array([f"\\x{case.digest().hex()}" for case in chosen]),
            "no": no,
            "reported_at": at,
            "cell_code": pa.array(found.cell_code[fresh]),
        }
    )
    driver = driver_of(work.session)
    copy_table(driver, "report_receipt", receipt)
    work.report.written = copy_table(driver, "incident", incident)
    copy_table(driver, "incident_event", event)
    standard = filling.standard_of(work.session)
    filling.write_open(work.session, standard, work.progress, int(numbers[0]))
    open_cases = f"{count:,} cases begin as reported; their later steps are not part of the file."
    work.report.notes.append(open_cases)


def _reported_at(work: Work, cases: list[NewIncident | None]) -> list[datetime]:
    texts = work.file.fields.get("reported_at")
    parse = fields.past(work.now)
    answer = []
    for index, case in enumerate(cases):
        text = texts[index] if texts is not None else None
        happened = case.occurred_at if case is not None else None
        answer.append(parse(text) if text is not None else happened or work.now)
    return answer

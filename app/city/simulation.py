"""What might be reported next in the demo city, and what becomes of it: pure chance, by a seed.

Categories, hours, seasons, doors and wordings are those of the demo's own recipe (geodata/demo/
*.csv); places are where cases were reported before. Everything it makes up is marked `simulated`.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import TypeVar

import numpy as np

from app.core.clock import CITY_ZONE
from app.incidents.lifecycle.transitions import NEEDS_REASON, steps_after
from app.incidents.rules import Status, Step, is_open
from app.warnings.rules import VisitOutcome, WarningStep

T = TypeVar("T")

# Nights are quiet, but never so quiet that the map looks dead.
QUIETEST = 0.35
JITTER_M = 60.0
BURST_JITTER_M = 150.0
BURST_EVERY_S = 900.0
BURST_REPORTS = (6, 14)
BURST_LENGTH_S = 75.0
# Things of which many people tell at once.
BURST_CATEGORIES = ("0501", "0502", "0505", "0506", "1301", "1302", "1502")
DETOUR_CHANCE = 0.07
DETOURS = {
    Status.REPORTED: Step.REFUSE,
    Status.ASSIGNED: Step.RETURN,
    Status.HANDLING: Step.ESCALATE,
    Status.PENDING_CHECK: Step.RETURN,
}
STEP_AFTER_S = 70.0
# What is done about a warning of fraud, and about how long after the step before it.
VISIT = ((WarningStep.CALL, 150.0), (WarningStep.DEPART, 180.0), (WarningStep.ARRIVE, 540.0),
         (WarningStep.CONCLUDE, 600.0))  # fmt: skip
VISIT_OUTCOMES = {VisitOutcome.DISSUADED: 0.9, VisitOutcome.NOT_DISSUADED: 0.06,
                  VisitOutcome.NOT_FOUND: 0.04}  # fmt: skip
# Some visits take so long that the warning climbs.
LATE_CHANCE = 0.1
LATE_TIMES = 4.0
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class Site:
    """A place where something was reported before (degrees, EPSG:4326) and its community."""

    category: str
    lon: float
    lat: float
    community: str
    urban: bool


@dataclass(frozen=True)
class Happening:
    """One of many reports of the same thing, to be sent after a wait."""

    wait_s: float
    category: str
    site: Site


@dataclass(frozen=True)
class VisitStep:
    """A step of the visit that a warning asks for, to be taken after a wait."""

    wait_s: float
    step: WarningStep
    outcome: VisitOutcome | None


class Simulation:
    """Draws reports and steps. The same seed and the same questions give the same city.

    Args:
        sites: where cases were reported before; must not be empty.
        per_minute: reports a minute at the busiest hour.
        rng: the only source of chance.
    """

    def __init__(self, sites: Sequence[Site], per_minute: float, rng: np.random.Generator) -> None:
        if not sites:
            raise ValueError("there is no place to report from")
        self._rng = rng
        self._per_s = per_minute / 60.0
        self._sites: dict[str, list[Site]] = defaultdict(list)
        for site in sites:
            self._sites[site.category].append(site)
            self._sites[""].append(site)
        self._mix = _table("incident_mix")
        self._hours = _profiles("hour_profiles")
        self._seasons = _profiles("season_profiles")
        self._doors = {row.pop("name"): row for row in _table("source_profiles")}
        self._texts = _grouped("incident_texts", "code", "kind")
        self._spots = _grouped("incident_spots", "spot", "urban")
        self._reasons = _grouped("incident_reasons", "step")
        self._busiest = max(self._mood(hour) for hour in range(24))

    def next_report_after_s(self, at: datetime) -> float:
        """The wait (s) until the next ordinary report: long at night, short by day."""
        mood = self._mood(at.astimezone(CITY_ZONE).hour) / self._busiest
        return float(self._rng.exponential(1.0 / (self._per_s * max(mood, QUIETEST))))

    def next_burst_after_s(self) -> float:
        """The wait (s) until the next time that many people tell of one thing."""
        return float(self._rng.exponential(BURST_EVERY_S))

    def burst(self) -> list[Happening]:
        """Reports of one thing by many, each with its wait from now."""
        category = self._pick(BURST_CATEGORIES)
        site = self._site(category)
        waits = self._rng.uniform(0.0, BURST_LENGTH_S, int(self._rng.integers(*BURST_REPORTS)))
        return [Happening(float(wait_s), category, site) for wait_s in sorted(waits)]

    def report(self, at: datetime, what: Happening | None = None) -> dict[str, object]:
        """The body of a report; its sender adds the id.

        Args:
            at: now; decides which categories are likely.
            what: for a burst, what is told of and where; default: anything anywhere.
        """
        line = self._line(at, what.category if what else None)
        site = (what.site if what else None) or self._site(line["code"])
        spread_m = BURST_JITTER_M if what else JITTER_M
        dx_m, dy_m = (float(v) for v in self._rng.normal(0.0, spread_m / 2.0, 2))
        return {
            "category": line["code"],
            **self._words(line, site),
            "lon": round(
                site.lon + dx_m / (METRES_PER_DEGREE * math.cos(math.radians(site.lat))), 6
            ),
            "lat": round(site.lat + dy_m / METRES_PER_DEGREE, 6),
            "source": self._weighted(self._doors[line["source"]]),
            "severity": int(line["severity"]),
            "simulated": True,
        }

    def step(self, status: Status) -> tuple[Step, str | None] | None:
        """What is done next to a case in that state, and why; None when nothing is left to do."""
        if not is_open(status):
            return None
        detour = status in DETOURS and self._rng.random() < DETOUR_CHANCE
        step = DETOURS[status] if detour else steps_after(status)[0]
        reason = (
            self._weighted_row(self._reasons[(step,)])["text"] if step in NEEDS_REASON else None
        )
        return step, reason

    def next_step_after_s(self) -> float:
        """The wait (s) until somebody does the next thing to a case."""
        return float(self._rng.gamma(2.0, STEP_AFTER_S / 2.0))

    def visit(self) -> list[VisitStep]:
        """What is done about a warning, each with its wait (s) after the one before it."""
        times = LATE_TIMES if self._rng.random() < LATE_CHANCE else 1.0
        chances = list(VISIT_OUTCOMES.values())
        outcome = list(VISIT_OUTCOMES)[self._choose(chances)]
        return [
            VisitStep(
                wait_s=float(self._rng.gamma(4.0, about_s / 4.0)) * times,
                step=step,
                outcome=outcome if step is WarningStep.CONCLUDE else None,
            )
            for step, about_s in VISIT
        ]

    def _mood(self, hour: int) -> float:
        return sum(float(line["weight"]) * self._hours[line["hours"]][hour] for line in self._mix)

    def _line(self, at: datetime, category: str | None) -> dict[str, str]:
        local = at.astimezone(CITY_ZONE)
        lines = [line for line in self._mix if category in (None, line["code"])]
        weights = [
            float(line["weight"])
            * self._hours[line["hours"]][local.hour]
            * self._seasons[line["season"]][local.month - 1]
            for line in lines
        ]
        return lines[self._choose(weights)]

    def _site(self, category: str) -> Site:
        return self._pick(self._sites.get(category) or self._sites[""])

    def _words(self, line: dict[str, str], site: Site) -> dict[str, str]:
        """Title and description of one thing: the same spot, and the first title goes with the
        first description."""
        spots = self._spots[(line["spot"], "1" if site.urban else "0")]
        spot = self._pick(spots)["text"].format(m=int(self._rng.integers(1, 21))) if spots else ""
        slots = {"place": site.community, "spot": spot, "n": int(self._rng.integers(2, 30))}
        chance = self._rng.random()
        forms = {kind: self._texts[(line["code"], kind)] for kind in ("title", "description")}
        return {
            kind: texts[int(chance * len(texts))]["text"].format(**slots)
            for kind, texts in forms.items()
        }

    def _pick(self, things: Sequence[T]) -> T:
        return things[int(self._rng.integers(len(things)))]

    def _weighted(self, weights: dict[str, str]) -> str:
        return list(weights)[self._choose([float(weight) for weight in weights.values()])]

    def _weighted_row(self, rows: Sequence[dict[str, str]]) -> dict[str, str]:
        return rows[self._choose([float(row["weight"]) for row in rows])]

    def _choose(self, weights: Sequence[float]) -> int:
        share = np.asarray(weights, dtype=np.float64)
        return int(self._rng.choice(len(share), p=share / share.sum()))


def _table(name: str) -> list[dict[str, str]]:
    # Through the folder above: importing geodata.demo itself would cost 100 MB of libraries.
    text = resources.files("geodata").joinpath("demo", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _profiles(name: str) -> dict[str, list[float]]:
    return {row.pop("name"): [float(value) for value in row.values()] for row in _table(name)}


def _grouped(name: str, *keys: str) -> dict[tuple[str, ...], list[dict[str, str]]]:
    found: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in _table(name):
        found[tuple(row[key] for key in keys)].append(row)
    return found

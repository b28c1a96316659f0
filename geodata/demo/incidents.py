"""Made-up incidents of a year: where, when, what, and how each went on.

`load_mix()` reads how often each category occurs; `generate` draws. All is vectorised and works in
slices, so that two million incidents never stand in memory together.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa

from geodata.demo import lifecycle
from geodata.demo.arrays import BoolArray, FloatArray, IntArray, SmallArray
from geodata.demo.hotspots import Places
from geodata.demo.lifecycle import Cases, History, Reasons
from geodata.demo.rhythm import Rhythm, anchor_end_s, window_s
from geodata.demo.scatter import points_in
from geodata.demo.side_by_side import in_order
from geodata.demo.wording import Wording
from geodata.demo.workclock import WorkClock
from geodata.progress import Progress

HERE = Path(__file__).parent
_CENTRE_SOURCES = ("hotline", "police_call", "warning", "leader", "transfer", "sensor")
_BACKLOG_S = 150 * 86_400
SLICE_SIZE = 60_000
AT_ONCE = 2
"""Slices that are drawn side by side; numpy and Arrow let go of the interpreter while they work."""


@dataclass(frozen=True)
class Incidents:
    """incidents: no, id, category, title, description, severity, source, occurred_at, reported_at,
    lon, lat, cell_code, status, closed_at; events: no, ordinal, at, step, status, tier, reason.

    Times are datetime64[us, UTC]. Columns of few words are categoricals. `status` and `closed_at`
    are those at the end of the last full local day, for later cases those of the report."""

    incidents: pd.DataFrame
    events: pd.DataFrame


def load_mix() -> pd.DataFrame:
    """`incident_mix.csv`: a row a category, with its share of all cases (`weight`, of sum 1), the
    profiles it follows, and the limit that cases of the demo are given."""
    return pd.read_csv(HERE / "incident_mix.csv", dtype={"code": str})


def generate(  # noqa: PLR0917 the order is the one its callers know
    areas: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    categories: pd.DataFrame,
    count: int,
    anchor_on: date,
    rng: np.random.Generator,
    progress: Progress,
    *,
    slice_size: int = SLICE_SIZE,
) -> Generator[Incidents, None, None]:
    """Draw `count` incidents of the 365 days to `anchor_on` and the 7 days after it.

    Args:
        areas: code, level, name, kind of all levels (EPSG:4326).
        units: base units: cell_code, community_code, households, incidents, geometry.
        categories: what `load_mix` answers, or rows like it.
        count: how many incidents, 0 upwards.
        anchor_on: the last full day in the city's local time.
        rng: source of chance; the same seed, input and slice size give the same answer.
        progress: told after each slice.
        slice_size: how many incidents are drawn at a time; bounds the memory.

    Yields:
        The incidents, a slice at a time, numbered from 1 in the order in which they were reported,
        every one inside the cell it names, and their events. At least one slice.

    Raises:
        geodata.progress.Cancelled: whoever watches has asked to stop.
    """
    maker = _Maker(areas, units, categories, anchor_on, rng)
    category, reported_s = maker.when(count)
    firsts = range(0, max(count, 1), slice_size)
    # Every slice has chance of its own, so that it does not matter which one is drawn first.
    chances = dict(zip(firsts, [rng, *rng.spawn(len(firsts) - 1)], strict=True))

    def draw(first: int) -> Incidents:
        part = slice(first, first + slice_size)
        return maker.slice(first, category[part], reported_s[part], chances[first])

    for done, made in enumerate(in_order(draw, firsts, AT_ONCE), start=1):
        yield made
        progress.step("incidents", min(done * slice_size, count), count)


def joined(parts: Iterable[Incidents]) -> Incidents:
    """Slices one after the other as one."""
    found = list(parts)
    return Incidents(
        pd.concat([part.incidents for part in found], ignore_index=True),
        pd.concat([part.events for part in found], ignore_index=True),
    )


class _Maker:
    """Everything that is the same for all slices."""

    def __init__(
        self,
        areas: gpd.GeoDataFrame,
        units: gpd.GeoDataFrame,
        categories: pd.DataFrame,
        anchor_on: date,
        rng: np.random.Generator,
    ) -> None:
        self._rng = rng
        self._mix = categories.reset_index(drop=True)
        self._rhythm = Rhythm(anchor_on, rng)
        self._anchor_end_s = anchor_end_s(anchor_on)
        start_s, self._end_s = window_s(anchor_on)
        self._clock = WorkClock(start_s, self._end_s + _BACKLOG_S)
        self._polygons = units.geometry.to_numpy()
        self._cell = units["cell_code"].to_numpy(dtype=np.int64)
        communities = areas[areas["level"] == "community"].sort_values("code")
        where = np.searchsorted(communities["code"], units["community_code"])
        self._urban: BoolArray = communities["kind"].to_numpy()[where] == "community"
        self._place = pa.array(communities["name"].tolist(), pa.string())
        self._place_of_unit = where.astype(np.int64)
        self._edges = self._unit_edges(Places(units, self._urban))
        self._wording = Wording()
        self._reasons = Reasons()
        profiles = pd.read_csv(HERE / "source_profiles.csv", index_col="name")
        self._sources = [str(name) for name in profiles.columns]
        by_row = profiles.loc[self._mix["source"]].to_numpy(dtype=np.float64)
        self._source_edges = np.cumsum(by_row / by_row.sum(axis=1, keepdims=True), axis=1)

    def _unit_edges(self, places: Places) -> list[FloatArray]:
        """For each category the running sum of the weights of the units."""
        columns = (self._mix[name] for name in ("code", "place", "urban_share"))
        return [
            np.cumsum(places.weights(code[:2], place, share, self._rng))
            for code, place, share in zip(*columns, strict=True)
        ]

    def when(self, count: int) -> tuple[IntArray, IntArray]:
        """Row of the category and instant of report of every incident, in order of time."""
        weight = self._mix["weight"].to_numpy(dtype=np.float64)
        of_each = self._rng.multinomial(count, weight / weight.sum())
        profiles = zip(*(self._mix[name] for name in ("hours", "season", "weekend")), strict=True)
        reported = [
            self._rhythm.draw(int(size), hours=hours, season=season, weekend=weekend, rng=self._rng)
            for size, (hours, season, weekend) in zip(of_each, profiles, strict=True)
        ]
        times = np.concatenate(reported)
        order = np.argsort(times, kind="stable")
        return np.repeat(np.arange(len(of_each)), of_each)[order], times[order]

    def slice(
        self,
        first: int,
        category: IntArray,
        reported_s: IntArray,
        rng: np.random.Generator,
    ) -> Incidents:
        """The incidents number `first + 1` onwards and their events."""
        count = len(category)
        unit = self._where(category, rng)
        lon, lat = points_in(self._polygons, unit, rng)
        urban = self._urban[unit]
        place = self._place.take(pa.array(self._place_of_unit[unit]))
        title, description = self._wording.write(self._mix, category, urban, place, rng)
        source = self._source(category, rng)
        occurred_s = reported_s - self._lag_s(category, rng)
        history = self._live(category, reported_s, source, rng)
        status, closed_s = _state_at(history, count, self._anchor_end_s)
        numbers = np.arange(first + 1, first + count + 1, dtype=np.int64)
        frame = pa.table(
            {"id": _uuids(count, rng), "title": title, "description": description}
        ).to_pandas()
        incidents = pd.DataFrame(
            {
                "no": numbers,
                "id": frame["id"],
                "category": _words(category, self._mix["code"].tolist()),
                "title": frame["title"],
                "description": frame["description"],
                "severity": self._severity(category, rng),
                "source": _words(source, self._sources),
                "occurred_at": _utc(occurred_s),
                "reported_at": _utc(reported_s),
                "lon": lon,
                "lat": lat,
                "cell_code": self._cell[unit],
                "status": _words(status, list(lifecycle.STATUSES)),
                "closed_at": _utc(closed_s),
            }
        )
        return Incidents(incidents, self._events(history, numbers))

    def _where(self, category: IntArray, rng: np.random.Generator) -> IntArray:
        unit = np.empty(len(category), dtype=np.int64)
        chance = rng.random(len(category))
        for row in np.unique(category).tolist():
            chosen = category == row
            edges = self._edges[row]
            found = np.searchsorted(edges, chance[chosen] * edges[-1], side="right")
            unit[chosen] = np.minimum(found, len(edges) - 1)
        return unit

    def _source(self, category: IntArray, rng: np.random.Generator) -> IntArray:
        chance = rng.random(len(category))
        passed = self._source_edges[category] < chance[:, None]
        column: IntArray = np.minimum(passed.sum(axis=1), len(self._sources) - 1)
        return column

    def _severity(self, category: IntArray, rng: np.random.Generator) -> SmallArray:
        usual = self._mix["severity"].to_numpy(dtype=np.int64)[category]
        chance = rng.random(len(category))
        severity = usual + (chance > 0.9) - (chance < 0.12)
        # The highest grade stays rare: hardly any case that is not of a grave kind reaches it.
        severity = np.where((usual < 4) & (chance <= 0.985), np.minimum(severity, 3), severity)
        grade: SmallArray = np.clip(severity, 1, 4).astype(np.int8)
        return grade

    def _lag_s(self, category: IntArray, rng: np.random.Generator) -> IntArray:
        """How long before the report it happened: minutes if it is urgent, else up to a day."""
        urgent = self._urgent()[category]
        middle = np.where(urgent, np.log(240.0), np.log(2400.0))
        lag = rng.lognormal(middle, 1.0)
        return np.minimum(lag, 86_400.0).astype(np.int64)

    def _urgent(self) -> BoolArray:
        urgent: BoolArray = (self._mix["unit"] == "urgent_hour").to_numpy()
        return urgent

    def _live(
        self,
        category: IntArray,
        reported_s: IntArray,
        source: IntArray,
        rng: np.random.Generator,
    ) -> History:
        centre = np.isin(self._sources, _CENTRE_SOURCES)
        cases = Cases(
            reported_s=reported_s,
            limit=self._limit()[category],
            unit=self._mix["unit"].to_numpy(dtype=object)[category],
            dispute=(self._mix["unit"] == "ladder").to_numpy()[category],
            urgent=self._urgent()[category],
            from_centre=centre[source],
        )
        return lifecycle.live(cases, self._clock, self._end_s, self._reasons, rng)

    def _limit(self) -> FloatArray:
        """The limit of each category; 1 where none is fixed (as fast as possible)."""
        return self._mix["limit"].fillna(1.0).to_numpy(dtype=np.float64)

    def _events(self, history: History, numbers: IntArray) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "no": numbers[history.case],
                "ordinal": history.ordinal,
                "at": _utc(history.at_s),
                "step": _words(history.step, list(lifecycle.STEPS)),
                "status": _words(history.status, list(lifecycle.STATUSES)),
                "tier": _words(history.tier, list(lifecycle.TIERS)),
                "reason": _words(history.reason, self._reasons.texts),
            }
        )


def _state_at(history: History, count: int, at_s: int) -> tuple[IntArray, FloatArray]:
    """Status (index) of each case at an instant, and when it was closed by then (else nan).

    A case reported later has the state of its report.
    """
    counts = (history.at_s < at_s) | (history.ordinal == 1)
    case, now = history.case[counts], history.status[counts]
    status = np.zeros(count, dtype=np.int64)
    status[case] = now  # the last one written is the last event
    closed_s = np.full(count, np.nan)
    ends = ("not_accepted", "closed", *lifecycle.OTHER_ENDS)
    ending = np.isin(now, [lifecycle.STATUSES.index(word) for word in ends])
    closed_s[case[ending]] = history.at_s[counts][ending]
    return status, closed_s


def _words(index: IntArray | SmallArray, words: list[str]) -> pd.Categorical:
    return pd.Categorical.from_codes(index, categories=pd.Index(words, dtype="str"))


def _utc(seconds: IntArray | FloatArray) -> pd.DatetimeIndex:
    """Seconds to datetime64[us, UTC]; nan becomes NaT."""
    missing = np.isnan(seconds)
    whole = np.where(missing, 0, seconds).astype(np.int64) * 1_000_000
    times = whole.view("datetime64[us]")
    times[missing] = np.datetime64("NaT")
    return pd.DatetimeIndex(times).tz_localize("UTC")


def _uuids(count: int, rng: np.random.Generator) -> pa.Array:
    """`count` random UUIDs (version 4) as text."""
    raw = rng.integers(0, 256, size=(count, 16), dtype=np.uint8)
    raw[:, 6] = raw[:, 6] & 0x0F | 0x40
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    halves = np.stack([raw >> 4, raw & 0x0F], axis=2).reshape(count, 32)
    text = np.full((count, 36), ord("-"), dtype=np.uint8)
    text[:, [place for place in range(36) if place not in (8, 13, 18, 23)]] = digits[halves]
    offsets = np.arange(count + 1, dtype=np.int32) * 36
    return pa.Array.from_buffers(
        pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(text.tobytes())]
    )

"""What fills the demo city: river, stations, roster, a year of incidents, the filing standard.

On a made-up city of squares; `test_demo_city` builds the real one.
"""

import csv
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from geodata.demo import incidents, lifecycle, river, roster, stations
from geodata.demo.incidents import Incidents
from geodata.demo.roster import Roster
from geodata.demo.scatter import neighbour_pairs, points_in
from geodata.demo.stations import Stations
from geodata.demo.workclock import WorkClock
from geodata.progress import Cancelled, Silent
from tests.geodata import small_city

ROOT = Path(__file__).resolve().parents[2]
STANDARD = ROOT / "app" / "incidents" / "filing_standard.csv"
ENGLISH = ROOT / "app" / "incidents" / "category_names_en.csv"
ANCHOR_ON = date(2026, 1, 31)
UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
LOCAL = timezone(timedelta(hours=8))
SOURCES = {
    *("visit", "patrol", "hotline", "mini_program", "police_call"),
    *("warning", "leader", "transfer", "sensor"),
}


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def city() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    return small_city.build()


@pytest.fixture(scope="module")
def placed(city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]) -> Stations:
    return stations.place(*city, rng())


@pytest.fixture(scope="module")
def staffed(city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], placed: Stations) -> Roster:
    return roster.staff(city[0], placed, rng())


@pytest.fixture(scope="module")
def year(city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]) -> Incidents:
    return make(city, 30_000)


def make(city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], count: int, seed: int = 1) -> Incidents:
    made = incidents.generate(*city, incidents.load_mix(), count, ANCHOR_ON, rng(seed), Silent())
    return incidents.joined(made)


def of_level(areas: gpd.GeoDataFrame, level: str) -> gpd.GeoDataFrame:
    return areas[areas["level"] == level]


# --- Points ---------------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32), corners=st.integers(3, 12), thin=st.floats(0.001, 1.0))
def test_scattered_points_lie_inside_even_thin_and_hollow_shapes(
    seed: int, corners: int, thin: float
) -> None:
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    reach = np.where(np.arange(corners) % 2, 0.2, 1.0) * 0.01
    shape = shapely.Polygon(
        np.column_stack([103 + reach * np.cos(angle), 36 + thin * reach * np.sin(angle)])
    )
    shapes = np.array([shape, shapely.box(104, 36, 104.001, 36.001)])
    which = np.array([0] * 30 + [1] * 5)
    lon, lat = points_in(shapes, which, rng(seed))
    assert shapely.intersects_xy(shapes[which], lon, lat).all()


def test_neighbours_share_a_border_and_not_only_a_corner() -> None:
    squares = np.array([shapely.box(x, y, x + 1, y + 1) for y in (0, 1) for x in (0, 1)])
    assert neighbour_pairs(squares).tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    assert neighbour_pairs(squares, np.array([1, 1, 2, 2])).tolist() == [[0, 1], [2, 3]]


# --- River ----------------------------------------------------------------------------------------


def test_the_river_is_a_line_inside_the_city_with_marks_a_kilometre_apart(
    city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    found = river.schematic(city[0], rng())
    outline = of_level(city[0], "city").geometry.iloc[0]
    assert found.within(outline.buffer(1e-9)).all()
    assert found["name"].str.contains("示意").all()
    lines, marks = found[found["kind"] == "river"], found[found["kind"] == "river_mark"]
    assert len(lines) >= 1
    assert (lines.geom_type == "LineString").all()
    assert shapely.distance(marks.geometry, shapely.union_all(lines.geometry)).max() < 1e-9
    metric = marks.to_crs(4544).geometry
    apart_m = (
        metric.iloc[:-1].reset_index(drop=True).distance(metric.iloc[1:].reset_index(drop=True))
    )
    assert apart_m.between(900, 1001).all(), "a kilometre along a bend is less as the crow flies"


def test_a_city_without_the_river_gets_none() -> None:
    areas, _ = small_city.build()
    areas = areas.set_geometry(areas.translate(xoff=-1.0, yoff=0.5))
    assert len(river.schematic(areas, rng())) == 0


# --- Stations -------------------------------------------------------------------------------------


def test_every_area_has_its_station_inside_it(
    city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], placed: Stations
) -> None:
    kinds = placed.stations["kind"].value_counts().to_dict()
    assert kinds == {
        "city_centre": 1,
        "sub_centre": 2,
        "command_post": 6,
        "workstation": 24,
        "grid_post": 216 - round(216 * 1196 / 8703),
        "police_station": 6,
        "anti_fraud_centre": 2,
    }
    assert placed.stations["code"].is_unique
    assert placed.stations["station_id"].tolist() == list(range(1, len(placed.stations) + 1))
    home = city[0].set_index("code").loc[placed.stations["area_code"]].geometry
    assert shapely.within(placed.stations.geometry.to_numpy(), home.to_numpy()).all()


def test_grid_posts_serve_every_cell_once_and_pairs_are_neighbours(
    city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], placed: Stations
) -> None:
    posts = placed.stations[placed.stations["kind"] == "grid_post"]["station_id"]
    served = placed.covers[placed.covers["station_id"].isin(posts)]
    assert sorted(served["area_code"]) == sorted(of_level(city[0], "cell")["code"])
    shapes = city[0].set_index("code").geometry
    pairs = [
        rows.tolist() for _, rows in served.groupby("station_id")["area_code"] if len(rows) > 1
    ]
    assert len(pairs) == round(216 * 1196 / 8703)
    for one, other in pairs:
        assert one // 1000 == other // 1000
        assert shapes[one].intersection(shapes[other]).length > 0


def test_the_busiest_subdistricts_have_a_second_police_station() -> None:
    areas, units = small_city.build(towns=28)
    placed = stations.place(areas, units, rng())
    police = placed.stations[placed.stations["kind"] == "police_station"]
    assert len(police) == 57
    towns = of_level(areas, "subdistrict").set_index("code")
    twice = police["area_code"].value_counts()
    assert twice.index[0] == towns["households"].idxmax()
    both = police[police["area_code"] == twice.index[0]]
    served = placed.covers[placed.covers["station_id"].isin(both["station_id"])]["area_code"]
    communities = of_level(areas, "community")
    own = communities[communities["parent_code"] == twice.index[0]]["code"]
    assert sorted(served) == sorted(own)
    assert set(police["area_code"]) == set(towns.index)


# --- Roster ---------------------------------------------------------------------------------------


def test_every_cell_has_its_own_grid_worker_and_a_neighbour_behind(
    city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], staffed: Roster
) -> None:
    given_ = staffed.assignments.merge(staffed.duty_units, on="unit_id")
    workers = given_[given_["role"] == "grid_worker"]
    primary = workers[workers["duty"] == "primary"].set_index("area_code")["unit_id"]
    backup = workers[workers["duty"] == "backup"].set_index("area_code")["unit_id"]
    cells = of_level(city[0], "cell")["code"]
    assert sorted(primary.index) == sorted(backup.index) == sorted(cells)
    assert primary.is_unique
    shapes = city[0].set_index("code").geometry
    home = {unit: code for code, unit in primary.items()}
    for cell, unit in backup.items():
        assert home[unit] != cell
        assert home[unit] // 1000 == cell // 1000
        assert shapes[cell].intersection(shapes[home[unit]]).length > 0
    assert backup.value_counts().max() <= 3


def test_communities_have_their_police_but_for_a_few(
    city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], staffed: Roster
) -> None:
    given_ = staffed.assignments.merge(staffed.duty_units, on="unit_id")
    short = 0
    for area in of_level(city[0], "community").itertuples():
        roles = Counter(given_[given_["area_code"] == area.code]["role"])
        rule = Counter(roster.RULE[str(area.kind)])
        missing = rule - roles
        assert missing.total() <= 1
        assert not (Counter({r: roles[r] for r in ("officer", "auxiliary")}) - rule)
        short += missing.total()
    assert short == 1, "a share of 24 that rounds to less is still one"


def test_every_staffed_station_has_its_roles_and_nobody_has_a_name(
    placed: Stations, staffed: Roster
) -> None:
    assert list(staffed.duty_units) == ["unit_id", "call_sign", "role", "station_id"]
    assert list(staffed.assignments) == ["unit_id", "area_code", "duty"]
    assert set(staffed.assignments["duty"]) == {"primary", "backup", "staff"}
    assert set(staffed.duty_units["role"]) == set(roster.LETTERS)
    assert staffed.duty_units["call_sign"].is_unique
    assert staffed.duty_units["call_sign"].str.fullmatch(r"[A-Z]{2}\d\d(-\d{3})*(/\d+)?").all()
    assert set(staffed.assignments["unit_id"]) == set(staffed.duty_units["unit_id"])
    home = staffed.duty_units.merge(placed.stations, on="station_id")
    for (_, kind), group in home.groupby(["station_id", "kind"]):
        roles = Counter(group["role"])
        assert not Counter(roster.STAFF.get(str(kind), {})) - roles


# --- Incidents: what, where, when -----------------------------------------------------------------


def test_incidents_have_the_agreed_columns(year: Incidents) -> None:
    assert " ".join(year.incidents) == (
        "no id category title description severity source occurred_at reported_at lon lat "
        "cell_code status closed_at"
    )
    assert " ".join(year.events) == "no ordinal at step status tier reason"
    assert year.incidents["no"].tolist() == list(range(1, 30_001))
    assert year.incidents["reported_at"].is_monotonic_increasing
    assert (year.incidents["occurred_at"] <= year.incidents["reported_at"]).all()
    assert set(year.incidents["source"]) == SOURCES
    assert set(year.incidents["severity"]) == {1, 2, 3, 4}
    assert year.incidents["id"].is_unique
    assert year.incidents["id"].str.fullmatch(UUID4).all()
    for column in ("occurred_at", "reported_at", "closed_at"):
        assert str(year.incidents[column].dtype) == "datetime64[us, UTC]"
    assert str(year.events["at"].dtype) == "datetime64[us, UTC]"


def test_incidents_lie_in_the_cell_they_name(
    city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], year: Incidents
) -> None:
    shapes = city[0].set_index("code").loc[year.incidents["cell_code"]].geometry.to_numpy()
    assert shapely.contains_xy(shapes, year.incidents["lon"], year.incidents["lat"]).all()


def test_incidents_fill_the_year_and_the_week_after_it(year: Incidents) -> None:
    local = year.incidents["reported_at"].dt.tz_convert(LOCAL)
    assert local.min().date() == ANCHOR_ON - timedelta(days=364)
    assert local.max().date() == ANCHOR_ON + timedelta(days=7)
    assert year.events["at"].max() < pd.Timestamp(ANCHOR_ON + timedelta(days=8), tz=LOCAL)
    hour = local.dt.hour
    assert (hour < 5).mean() < 0.05
    assert hour.between(8, 12).mean() > 0.3
    month = local.dt.month
    snow = year.incidents["category"] == "0507"
    assert snow.sum() > 20
    assert month[snow].isin([11, 12, 1, 2, 3]).mean() > 0.95
    grill = year.incidents["category"] == "0129"
    assert month[grill].between(5, 9).mean() > 0.5
    assert (local[grill].dt.hour >= 17).mean() > 0.5
    consult = year.incidents["category"] == "1401"
    assert (local[consult].dt.day_of_week >= 5).mean() < 0.2


def test_categories_come_as_often_as_the_mix_says(year: Incidents) -> None:
    mix = incidents.load_mix()
    assert mix["weight"].sum() == pytest.approx(1.0)
    assert mix.loc[mix["code"].str.startswith("10"), "weight"].sum() == pytest.approx(0.135)
    share = year.incidents["category"].astype(str).str.startswith("10").mean()
    assert share == pytest.approx(0.135, abs=0.008)


def test_incidents_gather_at_hot_spots_that_differ_by_kind(
    city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], year: Incidents
) -> None:
    group = year.incidents["category"].astype(str).str[:2]
    counts = {
        kind: year.incidents[group == kind]["cell_code"].value_counts() for kind in ("01", "04")
    }
    for count in counts.values():
        assert count.iloc[:22].sum() > 0.2 * count.sum(), "a tenth of the cells, a fifth of all"
    assert set(counts["01"].index[:10]) != set(counts["04"].index[:10])
    water = year.incidents[group == "12"]
    if len(water):
        away_m = river.distance_m(water["lon"].to_numpy(), water["lat"].to_numpy())
        assert np.median(away_m) < 800


def test_texts_are_filled_in_and_say_nothing_about_anybody(year: Incidents) -> None:
    for column in ("title", "description"):
        text = year.incidents[column]
        assert not text.str.contains("[{}]").any()
        assert not text.str.contains(r"\d{4}").any(), "no number that could be somebody's"
        assert not text.str.contains("先生|女士|某某|姓名|身份证|电话：|手机号|微信").any()
        assert text.str.len().between(4, 200 if column == "title" else 4000).all()
    hawkers = year.incidents[year.incidents["category"] == "0401"]
    assert hawkers["title"].nunique() > 20
    names = "|".join(small_city.NAMES["community"])
    assert hawkers["title"].str.match(names).all()


# --- Incidents: how they went on ------------------------------------------------------------------


def check_legal(made: Incidents) -> None:
    """Every case starts with its report and goes on as the table of steps allows."""
    events = made.events
    assert (events["no"].diff().fillna(0) >= 0).all()
    first = events.drop_duplicates("no")
    assert first["no"].tolist() == made.incidents["no"].tolist()
    assert (first["step"] == "report").all()
    assert (first["at"].to_numpy() == made.incidents["reported_at"].to_numpy()).all()
    expected = events.groupby("no").cumcount() + 1
    assert (events["ordinal"] == expected).all()
    later = events["ordinal"] > 1
    before = events.shift()
    assert (events["at"][later] >= before["at"][later]).all()
    taken = set(
        zip(before["step"][later].astype(str), events["step"][later].astype(str), strict=True)
    )
    assert taken <= {(a, b) for a, follow in lifecycle.FOLLOWS.items() for b in follow}
    usual = events["step"].astype(str).map(lifecycle.STATUS_AFTER)
    odd = events["status"].astype(str) != usual
    assert (events["step"][odd] == "close").all()
    assert set(events["status"][odd]) <= set(lifecycle.OTHER_ENDS)
    needs = events["step"].isin(["return", "refuse", "escalate"]) | odd
    assert events["reason"][needs].notna().all()


def test_every_life_cycle_is_legal(year: Incidents) -> None:
    check_legal(year)
    steps = set(year.events["step"])
    assert steps == set(lifecycle.STEPS)
    assert set(year.events["tier"]) == set(lifecycle.TIERS)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 300))
def test_any_seed_and_size_gives_legal_life_cycles(
    city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], seed: int, count: int
) -> None:
    made = make(city, count, seed)
    assert len(made.incidents) == count
    check_legal(made)


def test_escalation_goes_up_and_never_down(year: Incidents) -> None:
    order = {tier: rank for rank, tier in enumerate(lifecycle.TIERS)}
    events = year.events.assign(rank=year.events["tier"].astype(str).map(order))
    handled = events[events["ordinal"] > 1]
    climb = handled.groupby("no")["rank"].diff().dropna()
    assert set(climb) <= {0, 1}
    up = handled.loc[climb[climb == 1].index]
    assert (up["step"] == "escalate").all()
    assert len(up) == (handled["step"] == "escalate").sum(), "none where there is no higher tier"


def worked(start: datetime, hours: float) -> datetime:
    """The instant after so many working hours, counted minute by minute."""
    left, now = round(hours * 60), start
    while left > 0:
        local = now.astimezone(LOCAL)
        if local.weekday() < 5 and (8 <= local.hour < 12 or 14 <= local.hour < 18):
            left -= 1
        now += timedelta(minutes=1)
    return now


@settings(max_examples=30, deadline=None)
@given(
    minutes=st.integers(0, 20 * 1440),
    hours=st.integers(1, 40),
)
def test_the_work_clock_agrees_with_counting_minutes(minutes: int, hours: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock = WorkClock(int(start.timestamp()), int((start + timedelta(days=60)).timestamp()))
    at = start + timedelta(minutes=minutes)
    moment = np.array([int(at.timestamp())])
    found = clock.after(moment, np.array([hours * 3600.0]), np.array([True]))
    assert abs(float(found[0]) - worked(at, hours).timestamp()) <= 60
    natural = clock.after(moment, np.array([hours * 3600.0]), np.array([False]))
    assert float(natural[0]) == moment[0] + hours * 3600


def test_cases_close_with_the_published_rates(year: Incidents) -> None:
    events = year.events.merge(year.incidents[["no", "category"]], on="no")
    old = events[events["at"] < pd.Timestamp(ANCHOR_ON - timedelta(days=30), tz=LOCAL)]
    registered = set(old[old["step"] == "register"]["no"])
    reported = old[old["step"] == "report"]["no"]
    refused = old[old["step"] == "refuse"]["no"]
    assert len(refused) / len(reported) == pytest.approx(0.025, abs=0.01)
    closed = events[(events["step"] == "close") & events["no"].isin(registered)]
    assert len(closed) / len(registered) > 0.995, "whatever is late is closed in the end"
    disputes = closed[closed["category"].astype(str).str.startswith("10")]
    mediated = (disputes["reason"] == "经调解达成协议").mean()
    assert mediated == pytest.approx(0.97, abs=0.012)
    back = events[events["no"].isin(registered) & (events["step"] == "return")]
    assert 0.04 < back["no"].nunique() / len(registered) < 0.12


def test_nine_in_ten_are_handed_back_within_their_limit(year: Incidents) -> None:
    mix = incidents.load_mix().set_index("code")
    events = year.events.merge(year.incidents[["no", "category"]], on="no")
    events = events[events["no"] < 20_000]
    started = events[events["step"] == "register"].set_index("no")
    ended = events[events["step"] == "hand_back"].groupby("no")["at"].max()
    due = in_time = 0
    natural_h = {"urgent_hour": 1.0}
    working_h = {"work_hour": 1.0, "work_day": 8.0}
    for number, case in started.iloc[::20].iterrows():
        rule = mix.loc[str(case["category"])]
        if rule["unit"] not in natural_h | working_h or pd.isna(rule["limit"]):
            continue
        at = case["at"].to_pydatetime()
        if rule["unit"] in natural_h:
            limit = at + timedelta(hours=rule["limit"])
        else:
            limit = worked(at, rule["limit"] * working_h[rule["unit"]])
        due += 1
        in_time += number in ended.index and ended[number] <= limit
    assert due > 500
    assert in_time / due == pytest.approx(0.8962, abs=0.035)


def test_the_state_of_a_case_is_that_at_the_end_of_the_last_full_day(year: Incidents) -> None:
    end = pd.Timestamp(ANCHOR_ON + timedelta(days=1), tz=LOCAL)
    so_far = year.events[(year.events["at"] < end) | (year.events["ordinal"] == 1)]
    last = so_far.drop_duplicates("no", keep="last").set_index("no")
    cases = year.incidents.set_index("no")
    assert (cases["status"].astype(str) == last["status"].astype(str)).all()
    over = last["step"].isin(["close", "refuse"])
    assert (cases["closed_at"].notna() == over).all()
    assert (cases["closed_at"][over].to_numpy() == last["at"][over].to_numpy()).all()
    assert 0.005 < (~over).mean() < 0.05, "recent cases are open, and hardly an old one"
    month_ago = end - timedelta(days=30)
    assert (cases["reported_at"][~over] < month_ago).mean() < 0.05


def test_the_same_seed_gives_the_same_incidents(
    city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    one, same, other = make(city, 500, 3), make(city, 500, 3), make(city, 500, 4)
    assert_frame_equal(one.incidents, same.incidents)
    assert_frame_equal(one.events, same.events)
    assert set(one.incidents["id"]).isdisjoint(other.incidents["id"])


class Watcher:
    """Keeps what it is told; cancels after so many reports."""

    def __init__(self, cancel_after: int) -> None:
        self.told: list[tuple[str, int, int]] = []
        self._left = cancel_after

    def step(self, name: str, done: int, total: int) -> None:
        self.told.append((name, done, total))
        self._left -= 1
        if not self._left:
            raise Cancelled


def test_many_incidents_come_in_slices_that_fit_together(
    city: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    def sliced(watcher: Watcher) -> Incidents:
        mix = incidents.load_mix()
        return incidents.joined(
            incidents.generate(*city, mix, 1040, ANCHOR_ON, rng(), watcher, slice_size=500)
        )

    watcher = Watcher(99)
    made = sliced(watcher)
    assert watcher.told == [("incidents", done, 1040) for done in (500, 1000, 1040)]
    assert made.incidents["no"].tolist() == list(range(1, 1041))
    assert str(made.incidents["category"].dtype) == "category"
    check_legal(made)
    assert_frame_equal(made.events, sliced(Watcher(99)).events)
    with pytest.raises(Cancelled):
        sliced(Watcher(2))


# --- The filing standard --------------------------------------------------------------------------

PUBLISHED = """
01 市容环境: 01私搭乱建[在建2紧急工作日/已成15d] 07沿街晾挂[2 urgent h] 10暴露生活垃圾[4h] 11积存垃圾渣土[5d] 12道路不洁[2h] 13道路破损[5d] 14道路遗撒[4h]
 17绿地脏乱[4h] 20焚烧垃圾树叶[2 urgent h] 25水域不洁[2d] 28商业噪音[2 urgent h] 29露天烧烤[2 urgent h] 30乱倒污水[2d] 36乱堆物料[1d] 37动物尸体[4h] 84违规养犬[1d] 92垃圾满溢[4h] 96私设地锁[2d]
02 宣传广告: 01非法小广告[1d] 02街头散发广告[2h] 03违规户外广告[1d] 06违规牌匾[2d] 07违规标语[1d]
03 施工管理: 01施工扰民[2 urgent h] 02施工占道[1d] 03无证掘路[1d] 04工地扬尘[2h] 07围挡[3d] 11渣土车未密闭[2d]
04 街面秩序: 01无照游商[2 urgent h] 05店外经营[2 urgent h] 06占道经营[2 urgent h] 10非机动车乱停[2h] 93共享单车[2h] 96占用消防通道[2h]
05 突发事件: 01供水管破裂[1 urgent h] 02燃气管破裂[1 urgent h] 03排水管堵塞[4h] 04热力管破裂[1 urgent h] 05路面塌陷[2 urgent h] 06道路积水[2 urgent h] 07积雪积冰[4h] 08线缆脱落[2h] 96高空坠物[2 urgent h]
06 其他事件: 04门前四包[4h] 98桥下空间[2d]
"""  # noqa: E501 as it is published
OWN = {
    "10": "01 02 03 04 05 06 07 08 99",
    "11": "01 02 03 04 05 99",
    "12": "01 02 03",
    "13": "01 02 03",
    "14": "01 02 03",
    "15": "01 02 03 04 05",
    "16": "01 02",
}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_filing_standard_says_what_is_published() -> None:
    rows = read(STANDARD)
    mine = {
        (row["code"], row["sub_category"], row["limit"] + " " + row["unit"])
        for row in rows
        if row["code"] < "10"
    }
    units = {"h": "work_hour", "d": "work_day", " urgent h": "urgent_hour"}
    published = {("0101", "私搭乱建", "2 urgent_work_day"), ("0101", "私搭乱建", "15 work_day")}
    for group, text in re.findall(r"(\d\d) [^:]+:(.*?)(?=\n\d\d |\Z)", PUBLISHED, re.DOTALL):
        for code, name, limit, unit in re.findall(r"(\d\d)([^\[\d]+)\[(\d+)([^\]]+)\]", text):
            published.add((group + code, name, f"{limit} {units[unit]}"))
    assert len(published) == 47
    assert mine == published
    own = {row["code"] for row in rows if row["code"] >= "10"}
    assert own == {group + code for group, codes in OWN.items() for code in codes.split()}


def test_the_filing_standard_is_a_sheet_of_nine_columns_without_doubles() -> None:
    rows = read(STANDARD)
    assert " ".join(rows[0]) == (
        "category sub_category code condition limit unit responsible_unit closing_condition note"
    )
    keys = [(row["code"], row["condition"]) for row in rows]
    assert len(set(keys)) == len(keys)
    for row in rows:
        assert row["responsible_unit"], row
        assert row["closing_condition"], row
        assert bool(row["limit"]) == bool(row["unit"]) == (row["code"][:2] != "12"), row
        assert row["unit"] in {"", "work_hour", "urgent_hour", "work_day", "urgent_work_day"}
    ladder = [row["limit"] for row in rows if row["code"] == "1001"]
    assert ladder == ["1", "7", "20"]
    fraud = {(row["limit"], row["unit"]) for row in rows if row["code"].startswith("11")}
    assert fraud == {("0.5", "urgent_hour")}


def test_every_category_has_an_english_name_and_its_place_in_the_mix() -> None:
    rows = read(STANDARD)
    codes = {row["code"] for row in rows}
    english = read(ENGLISH)
    assert [row["code"] for row in english] == sorted(codes | {code[:2] for code in codes})
    assert all(row["name_en"].isascii() and row["name_en"] for row in english)
    mix = incidents.load_mix()
    assert sorted(mix["code"]) == sorted(codes)
    limits = {(row["code"], row["limit"], row["unit"]) for row in rows}
    for code, limit, unit in zip(mix["code"], mix["limit"], mix["unit"], strict=True):
        if unit != "ladder" and not pd.isna(limit):
            assert (code, f"{limit:g}", unit) in limits

"""Loads of real units under a plan's model, beside sums that are worked out in another way."""

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.context import Context
from app.planning.drafts import workloads
from app.planning.drafts.case_queries import Period
from app.planning.drafts.cases import cases_in
from geodata.rebalance import units as base_units
from geodata.rebalance.units import Units
from geodata.rebalance.workload import Counting, WorkloadModel
from tests.app.planning.ground import units_in

AT = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def units(context: Context) -> Units:
    """The base units of the test's district."""
    with Session(context.engine) as session:
        return units_in(session)


def latest(session: Session) -> datetime:
    """An instant after every case."""
    return session.execute(
        text("SELECT max(reported_at) + interval '1 s' FROM incident")
    ).scalar_one()


def cases_by_unit(session: Session, units: Units, period: Period) -> gpd.GeoDataFrame:
    """Every case that counts with the row of its unit, joined by geopandas in degrees."""
    found = session.execute(
        text("""SELECT no, category, reported_at, status, ST_X(geom) AS lon, ST_Y(geom) AS lat
                FROM incident WHERE reported_at >= :since AND reported_at < :until
                AND status <> 'duplicate' AND status <> 'not_accepted'"""),
        period._asdict(),
    ).all()
    cases = gpd.GeoDataFrame(
        {"no": [row.no for row in found], "category": [row.category for row in found]},
        geometry=gpd.points_from_xy([r.lon for r in found], [r.lat for r in found]), crs=4326,
    )  # fmt: skip
    plots = gpd.GeoDataFrame(
        {"row": np.arange(len(units))},
        geometry=gpd.GeoSeries(units.geometry, crs=4544).to_crs(4326),
    )
    return gpd.sjoin(cases, plots, predicate="within").drop_duplicates("no")


def test_the_default_needs_no_cases(context: Context, units: Units) -> None:
    """Households and twice the listed cases, as ever."""
    with Session(context.engine) as session:
        loads = workloads.loads_of(session, units, WorkloadModel(), AT)
    assert loads.tolist() == units.load.tolist()


def test_counted_cases_are_where_they_happened(context: Context, units: Units) -> None:
    """A year's cases by unit, disputes apart, as geopandas joins them."""
    model = WorkloadModel(
        household=0.0, incident=1.0, incident_by_group={"10": 100.0}, incidents=Counting.COUNTED,
        period_days=200,
    )  # fmt: skip
    with Session(context.engine) as session:
        at = latest(session)
        loads = workloads.loads_of(session, units, model, at)
        joined = cases_by_unit(session, units, Period(at - timedelta(days=200), at))
    weight = np.where(joined["category"].str.startswith("10"), 100.0, 1.0)
    expected = np.bincount(joined["row"], weight, minlength=len(units)) * 365 / 200
    assert len(joined) > 500
    # Borders are on no line of the grid of both systems: at most a case or two lies elsewhere.
    assert np.sum(~np.isclose(loads, expected)) <= 4
    assert loads.sum() == pytest.approx(expected.sum(), rel=0.005)


def test_the_forecast_keeps_the_total(context: Context, units: Units) -> None:
    """As many as were counted, spread over more units, group by group."""
    counted, forecast = (
        WorkloadModel(household=0.0, incident=1.0, incidents=how, incident_by_group={"10": 3.0})
        for how in (Counting.COUNTED, Counting.FORECAST)
    )
    with Session(context.engine) as session:
        at = latest(session)
        loads, spread = (
            workloads.loads_of(session, units, model, at) for model in (counted, forecast)
        )
    assert spread.sum() == pytest.approx(loads.sum())
    assert (spread > 0).sum() > 2 * (loads > 0).sum()
    assert np.corrcoef(spread, loads)[0, 1] > 0.3


def test_ground_and_streets(context: Context, units: Units) -> None:
    """Area by square kilometre; streets are all of an outline but what is shared in the block."""
    model = WorkloadModel(household=0.0, incident=0.0, per_km2=1.0, per_street_km=1.0)
    with Session(context.engine) as session:
        loads = workloads.loads_of(session, units, model, AT)
    area_km2 = shapely.area(units.geometry) / 1e6
    rim_km = shapely.length(units.geometry) / 1e3
    assert (loads - area_km2 >= -1e-9).all()
    assert (loads - area_km2 <= rim_km + 1e-9).all()
    assert 0.1 < (loads - area_km2).sum() / rim_km.sum() < 0.95


def test_a_part_counts_as_the_whole_does(context: Context, units: Units) -> None:
    """One community's counts are the same whether it is looked at alone or in its district."""
    community = int(np.median(units.community_code) // 1000 * 1000)
    with Session(context.engine) as session:
        at = latest(session)
        period = Period(at - timedelta(days=365), at)
        part_of = units_in(session, community, community)
        whole = cases_in(session, units, period)
        part = cases_in(session, part_of, period)
        later = cases_in(session, units, Period(at, at + timedelta(days=9)))
    inside = units.community_code[whole.unit] == community
    assert inside.any()
    assert units.unit_id[whole.unit[inside]].tolist() == part_of.unit_id[part.unit].tolist()
    assert whole.rows.at_s[inside].tolist() == part.rows.at_s.tolist()
    assert not len(later.unit)


def test_rows_of_ids() -> None:
    """Known ids have their row, others -1."""
    units = base_units.make(
        unit_id=[9, 4], community_code=[620102001001000] * 2, cell_code=[620102001001001] * 2,
        households=[1.0, 1.0], incidents=[0.0, 0.0],
        geometry=shapely.box([0, 1], 0, [1, 2], 1),
    )  # fmt: skip
    assert units.unit_id[workloads.rows_of(units, np.array([4, 9]))].tolist() == [4, 9]
    assert workloads.rows_of(units, np.array([1, 5, 99])).tolist() == [-1, -1, -1]

"""The workload model: by hand, beside another way to reckon, and everything that is refused."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.rebalance import borders, workload
from geodata.rebalance import units as base_units
from geodata.rebalance.workload import Counting, WorkloadError, WorkloadModel
from tests.geodata.rebalance import made_up
from tests.geodata.rebalance.made_up import FIRST

NOTHING = np.zeros(2)


def test_the_default_is_households_and_twice_the_cases() -> None:
    """The same to the digit as the load that the search has always used."""
    units = made_up.units_of(made_up.frame(6, 5, 4, seed=3))
    load = workload.load_of(
        workload.DEFAULT, units.households, {"": units.incidents},
        units.area_m2, np.full(len(units), 400.0),
    )  # fmt: skip
    assert load.tolist() == (units.households + 2.0 * units.incidents).tolist()
    assert load.tolist() == units.load.tolist()


def test_every_part_by_hand() -> None:
    """Two units: 10 and 20 households, disputes at 5, the rest at 3, ground and streets."""
    model = WorkloadModel(
        household=0.5, incident=3.0, incident_by_group={"10": 5.0}, per_km2=8.0,
        per_street_km=2.0, incidents=Counting.COUNTED,
    )  # fmt: skip
    load = workload.load_of(
        model, np.array([10.0, 20.0]),
        {"10": np.array([1.0, 0.0]), "01": np.array([0.0, 2.0]), "": np.array([1.0, 0.0])},
        np.array([250_000.0, 0.0]), np.array([0.0, 1_500.0]),
    )  # fmt: skip
    assert load.tolist() == [5 + 5 + 3 + 2, 10 + 6 + 3]


def test_streets_count_once_a_side() -> None:
    """Two blocks of two squares: the inner border of a block is no street, everything else is."""
    units = base_units.make(
        unit_id=[1, 2, 3, 4], community_code=[FIRST] * 4, cell_code=[FIRST + 1] * 4,
        households=[1.0] * 4, incidents=[0.0] * 4, street_block=[7, 7, 8, 8],
        geometry=made_up.squares(4, 1),
    )  # fmt: skip
    between = borders.between(units)
    assert workload.street_m_of(units, between).tolist() == [300.0] * 4
    unknown = base_units.make(
        unit_id=[1, 2], community_code=[FIRST] * 2, cell_code=[FIRST + 1] * 2,
        households=[1.0] * 2, incidents=[0.0] * 2, geometry=made_up.squares(2, 1),
    )  # fmt: skip
    assert workload.street_m_of(unknown, borders.between(unknown)).tolist() == [0.0, 0.0]


def test_a_year_from_a_period() -> None:
    """73 days are a fifth of a year."""
    assert workload.a_year(np.array([2.0, 0.0]), 73).tolist() == [10.0, 0.0]


weights = st.floats(0.0, workload.HEAVIEST)
models = st.builds(
    WorkloadModel, household=st.floats(0.1, 100.0), incident=weights, per_km2=weights,
    incident_by_group=st.dictionaries(st.from_regex("[0-9]{2}", fullmatch=True).filter(str.isascii),
                                      weights),
    per_street_km=weights, incidents=st.sampled_from([Counting.COUNTED, Counting.FORECAST]),
    period_days=st.integers(1, workload.LONGEST_DAYS),
)  # fmt: skip


@given(models)
def test_what_is_written_is_read(model: WorkloadModel) -> None:
    """Through JSON and back nothing is lost."""
    assert workload.from_json(json.loads(json.dumps(model.to_json()))) == model


@given(models, st.floats(0.0, 50.0), st.floats(0.0, 50.0))
def test_load_is_finite_and_grows_with_every_part(
    model: WorkloadModel, few: float, many: float
) -> None:
    """More of anything never makes less work."""
    less, more = (
        workload.load_of(model, amount, {"10": amount}, amount, amount)
        for amount in (np.array([value]) for value in sorted((few, many)))
    )
    assert np.isfinite(more[0])
    assert 0.0 <= less[0] <= more[0]


def test_what_is_left_out_is_as_in_the_default() -> None:
    """An empty object is the default."""
    assert workload.from_json({}) == workload.DEFAULT
    assert workload.from_json({"incident": 4}).incident == 4.0


REFUSED: list[tuple[Any, str]] = [
    (None, "model"),
    ([], "model"),
    ({"weight": 1}, "weight"),
    ({"household": float("nan")}, "household"),
    ({"household": float("inf")}, "household"),
    ({"household": -1}, "household"),
    ({"household": True}, "household"),
    ({"household": "1"}, "household"),
    ({"household": 10**400}, "household"),
    ({"incident": -0.1}, "incident"),
    ({"per_km2": 1e300}, "per_km2"),
    ({"per_street_km": None}, "per_street_km"),
    ({"household": 0, "incident": 0}, "household"),
    ({"incidents": "guessed"}, "incidents"),
    ({"incidents": []}, "incidents"),
    ({"incidents": {}}, "incidents"),
    ({"period_days": 0}, "period_days"),
    ({"period_days": 1.5}, "period_days"),
    ({"period_days": True}, "period_days"),
    ({"period_days": 100_000}, "period_days"),
    ({"incidents": "counted", "incident_by_group": []}, "incident_by_group"),
    ({"incidents": "counted", "incident_by_group": {"1": 2}}, "incident_by_group"),
    ({"incidents": "counted", "incident_by_group": {"٠١": 2}}, "incident_by_group"),
    ({"incidents": "counted", "incident_by_group": {"10": float("nan")}}, "incident_by_group.10"),
    ({"incident_by_group": {"10": 2}}, "incident_by_group"),
]


@pytest.mark.parametrize(("said", "named"), REFUSED, ids=[repr(one)[:40] for one, _ in REFUSED])
def test_models_that_are_none(said: Any, named: str) -> None:
    """The refusal names the field."""
    with pytest.raises(WorkloadError) as caught:
        workload.from_json(said)
    assert caught.value.field == named

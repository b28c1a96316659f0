"""Drafts as they are read, beside the same units read in another way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.context import Context
from app.core.db import reading, writing
from app.core.errors import Problem
from app.core.scope import Scope
from app.planning import queries
from app.planning.drafts import ground
from app.planning.drafts import queries as draft_queries
from app.planning.drafts import service as drafts
from app.planning.models import Plan
from geodata.rebalance import borders
from geodata.rebalance.validity import Rule
from tests.app.planning.ground import units_in
from tests.app.planning.written import DISTRICT, add_plan

COLUMNS = ("unit_id", "community_code", "cell_code", "households", "incidents", "street_block",
           "load")  # fmt: skip


def plan_of(session: Session, plan_id: int) -> Plan:
    """The plan's row."""
    plan = queries.one(session, plan_id)
    assert plan is not None
    return plan


def test_a_plan_without_moves_is_the_ground(own_context: Context) -> None:
    """Columns, borders and cells are those that another reading of the tables gives."""
    plan_id = add_plan(own_context.engine)
    with reading(own_context.engine) as session:
        draft = drafts.load(session, plan_of(session, plan_id))
        other = units_in(session)
        kept = set(draft_queries.locked_areas(session, datetime.now(UTC)))
    for name in COLUMNS:
        assert getattr(draft.units, name).tolist() == getattr(other, name).tolist()
    assert np.allclose(draft.units.area_m2, other.area_m2, rtol=1e-9)
    assert draft.cells.tolist() == other.cell_code.tolist()
    assert draft.units.starts.tolist() == other.starts.tolist()
    expected = borders.between(other)
    for name in ("one", "other", "on_street", "starts"):
        assert getattr(draft.borders, name).tolist() == getattr(expected, name).tolist()
    assert np.allclose(draft.borders.length_m, expected.length_m, atol=1e-6)
    assert kept
    in_kept = np.isin(other.cell_code, list(kept))
    assert draft.units.locked.tolist() == (other.locked | in_kept).tolist()


def test_moves_and_locks_lie_over_it(own_context: Context) -> None:
    """A move changes one unit; a lock holds what lies in the cell in the draft, not in its base."""
    with reading(own_context.engine) as session:
        units = units_in(session)
    free = np.flatnonzero(~units.locked)
    unit = int(units.unit_id[free[0]])
    same = np.flatnonzero(
        (units.community_code == units.community_code[free[0]])
        & (units.cell_code != units.cell_code[free[0]])
        & ~units.locked
    )
    cell = int(units.cell_code[same[0]])
    plan_id = add_plan(own_context.engine, {unit: cell}, locks=(cell,))
    with reading(own_context.engine) as session:
        plan = plan_of(session, plan_id)
        draft = drafts.load(session, plan, [cell // 1000 * 1000])
        faults = draft.faults(drafts.dissolved(session, plan, draft))
    changed = draft.cells != draft.base
    assert draft.units.unit_id[changed].tolist() == [unit]
    assert draft.cells[changed].tolist() == [cell]
    in_cell = draft.cells == cell
    assert draft.units.locked[in_cell].all()
    assert not draft.fixed[in_cell].any()
    assert draft.units.locked.tolist() == (draft.fixed | in_cell).tolist()
    assert Rule.LOCKED_KEPT not in {fault.rule for fault in faults}
    held = replace(draft, fixed=draft.units.locked)
    assert Rule.LOCKED_KEPT in {fault.rule for fault in held.faults(frozenset())}


def test_the_whole_is_its_communities_side_by_side(own_context: Context) -> None:
    """Whichever is asked for first: what is kept in memory is cut and joined without loss."""
    plan_id = add_plan(own_context.engine)
    with reading(own_context.engine) as session:
        plan = plan_of(session, plan_id)
        codes = drafts.communities_of(session, plan, DISTRICT).tolist()
        some = [drafts.load(session, plan, [code]) for code in codes[::2]]
        whole = drafts.load(session, plan)
        others = [drafts.load(session, plan, [code]) for code in codes[1::2]]
    parts = sorted([*some, *others], key=lambda part: int(part.units.community_code[0]))
    for name in (*COLUMNS, "area_m2", "rim_m", "locked"):
        joined = np.concatenate([getattr(part.units, name) for part in parts])
        assert joined.tolist() == getattr(whole.units, name).tolist()
    starts = whole.units.starts.tolist()
    pairs = np.concatenate(
        [
            np.column_stack([part.borders.one, part.borders.other]) + start
            for part, start in zip(parts, starts, strict=False)
        ]
    )
    assert pairs.tolist() == np.column_stack([whole.borders.one, whole.borders.other]).tolist()
    assert whole.borders.starts[-1] == len(pairs)


def test_a_plan_keeps_the_boundaries_that_it_began_from(own_context: Context) -> None:
    """Units drawn anew afterwards, within the same boundary version, are not those of the plan."""
    plan_id = add_plan(own_context.engine)
    with reading(own_context.engine) as session:
        before = drafts.load(session, plan_of(session, plan_id))
    with writing(own_context.engine) as session:
        now = {"now": datetime.now(UTC)}
        session.execute(
            text("""UPDATE base_unit SET valid = tstzrange(lower(valid), :now)
                    WHERE community_code = (SELECT min(community_code) FROM base_unit)"""),
            now,
        )
        session.execute(
            text("""INSERT INTO base_unit (unit_id, community_code, cell_code, households,
                        incidents, street_block, locked, geom, valid)
                    SELECT unit_id, community_code, cell_code, households + 1, incidents,
                        street_block, locked, geom, tstzrange(:now, NULL)
                    FROM base_unit WHERE upper(valid) = :now"""),
            now,
        )
    later_id = add_plan(own_context.engine)
    with reading(own_context.engine) as session:
        again = drafts.load(session, plan_of(session, plan_id))
        later = drafts.load(session, plan_of(session, later_id))
    assert again.units.households.tolist() == before.units.households.tolist()
    count = int(np.sum(before.units.community_code == before.units.community_code[0]))
    assert later.units.households.sum() == pytest.approx(before.units.households.sum() + count)


def test_the_load_is_that_of_the_model(own_context: Context) -> None:
    """Another model weighs otherwise; a forecast is the same for a community as in the whole."""
    said = {"household": 3.0, "incident": 0.0, "per_street_km": 5.0}
    weighed = add_plan(own_context.engine, model=said)
    forecast = {"household": 0.0, "incident": 1.0, "incidents": "forecast", "period_days": 84}
    expected = add_plan(own_context.engine, model=forecast)
    with reading(own_context.engine) as session:
        draft = drafts.load(session, plan_of(session, weighed))
        plan = plan_of(session, expected)
        code = int(drafts.communities_of(session, plan, DISTRICT)[3])
        part = drafts.load(session, plan, [code])
        whole = drafts.load(session, plan)
    more = draft.units.load - 3.0 * draft.units.households
    assert np.all(more >= 0.0)
    assert 0.0 < more.mean() < 5.0 * draft.units.rim_m.max() / 1_000.0
    assert part.units.load.sum() > 0
    inside = whole.units.community_code == code
    assert part.units.load.tolist() == whole.units.load[inside].tolist()


def test_what_is_not_in_the_plan_is_refused(own_context: Context) -> None:
    """Areas outside the plan's, cells, and communities without units name the word `area`."""
    town = 620_111_001_000_000
    plan_id = add_plan(own_context.engine, area=town)
    with reading(own_context.engine) as session:
        plan = plan_of(session, plan_id)
        inside = int(drafts.communities_of(session, plan, town)[0])
        for code in (DISTRICT, 620_111_100_000_000, inside + 1, town + 999_000):
            with pytest.raises(Problem) as refused:
                drafts.in_area(session, plan, code)
            assert refused.value.errors[0].field == "area"
        assert len(drafts.in_area(session, plan, inside).units)


def test_row_security_holds(own_context: Context) -> None:
    """Nobody reads a plan, its moves or its locks without a session that may."""
    plan_id = add_plan(own_context.engine)
    with reading(
        own_context.request_engine, Scope(DISTRICT, DISTRICT + 10**9, "nobody")
    ) as session:
        assert queries.one(session, plan_id) is None


def test_what_is_kept_is_bounded() -> None:
    """The values used last stay, up to the limit."""
    kept: ground.Kept[str] = ground.Kept(10, len)
    kept.keep({"a": "1234", "b": "1234"})
    kept.find(["a"])
    kept.keep({"c": "1234"})
    assert kept.find("abc") == {"a": "1234", "c": "1234"}
    kept.keep({"a": "12345678"})
    assert kept.find("abc") == {"a": "12345678"}
    kept.keep({"d": "1" * 11})
    assert kept.find("abcd") == {}


def test_a_state_lasts_from_change_to_change(own_context: Context) -> None:
    """Instants between two changes share their units; before the city there are none."""
    now = datetime.now(UTC)
    with reading(own_context.engine) as session:
        state = ground.state_at(session, now)
        assert ground.state_at(session, now - timedelta(microseconds=1)) == state
        since = session.scalar(text("SELECT min(lower(valid)) FROM base_unit"))
        before = ground.state_at(session, since - timedelta(days=1))
        assert before != state
        assert not len(
            ground.communities_in(session, before, since - timedelta(days=1), (0, 10**15))
        )

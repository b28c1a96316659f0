"""Drawing on a plan: what is refused, what is told, and that the log says it all."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import reading, writing
from app.core.errors import Problem
from app.places import versions
from app.planning import queries
from app.planning.drafts import service as drafts
from app.planning.edits import moving
from app.planning.edits import queries as move_queries
from app.planning.edits import service as edits
from app.planning.models import PlanJob
from app.planning.rules import EditKind, JobKind, JobState
from geodata.rebalance import number
from tests.app.planning import hand
from tests.app.planning.hand import Hand

V1 = "/api/v1"


@pytest.fixture
def community(own_context: Context) -> int:
    """A community of several cells."""
    return hand.communities(own_context.engine)[5]


def drawn(engine: Engine, plan: Hand, community: int) -> dict[int, int]:
    """Unit -> its cell in a plan."""
    moved = {
        row.unit_id: row.cell_code
        for row in hand.rows(
            engine, "SELECT unit_id, cell_code FROM plan_move WHERE plan_id = :id",
            id=plan.plan["id"],
        )
    }  # fmt: skip
    return hand.units(engine, community) | moved


def fields(answer: Any) -> list[str]:
    """The fields that a refusal names."""
    return [error["field"] for error in answer.json()["errors"]]


def test_a_move_is_made_told_and_undone(
    own_context: Context, own_client: TestClient, community: int
) -> None:
    """Only units whose cell differs from the base stand as moves."""
    engine = own_context.engine
    base = hand.units(engine, community)
    plan = hand.begin(own_client, community)
    unit, target = hand.a_border_move(engine, community)
    made = plan.move({unit: target, next(u for u in base if u != unit): base[
        next(u for u in base if u != unit)]})  # fmt: skip
    assert made.json() == {
        "no": 1, "revision": 2, "faults": [],
        "moves": [{"unit_id": unit, "before": base[unit], "after": target}],
    }  # fmt: skip
    assert made.headers["etag"] == '"2"'
    assert drawn(engine, plan, community) == base | {unit: target}
    assert plan.now()["moved_units"] == 1
    back = plan.move({unit: base[unit]})
    assert back.json()["no"] == 2 and plan.now()["moved_units"] == 0
    nothing = plan.move({unit: base[unit]})
    assert nothing.json() == {"no": None, "revision": 3, "moves": [], "faults": []}
    assert [plan.send("POST", "/undo").json()["no"] for _ in range(2)] == [2, 1]
    assert plan.send("POST", "/undo").json()["type"] == "/problems/nothing-to-undo"
    assert plan.send("POST", "/redo").json()["no"] == 1
    assert drawn(engine, plan, community) == base | {unit: target}
    # Something else is drawn: what was undone behind it is forgotten.
    assert plan.edit(kind="reset").json()["no"] == 2
    assert plan.send("POST", "/redo").json()["type"] == "/problems/nothing-to-redo"
    log = own_client.get(plan.url + "/log").json()["edits"]
    assert [(edit["no"], edit["kind"], edit["units"]) for edit in log] == [
        (2, "reset", 1), (1, "move", 1),
    ]  # fmt: skip


def test_what_no_unit_does(own_context: Context, own_client: TestClient, community: int) -> None:
    """Each refused by name, and the plan stays as it is."""
    engine = own_context.engine
    base = hand.units(engine, community)
    other = next(
        code for code in hand.communities(engine) if hand.parent(code) != hand.parent(community)
    )
    plan = hand.begin(own_client, community)
    unit, cell = next(iter(base.items()))
    foreign, far = next(iter(hand.units(engine, other).items()))
    highest = max(base.values())
    for moves, field in (
        ({999_999_999_999: cell}, "moves.unit_id"),
        ({foreign: far}, "moves.unit_id"),
        ({unit: far}, "moves.cell_code"),
        ({unit: community}, "moves.cell_code"),
        ({unit: highest + 2}, "moves.cell_code"),
    ):
        answer = plan.move(moves)
        assert (answer.status_code, fields(answer)) == (422, [field]), answer.text
    for body, field in (
        ({"kind": "move"}, "moves"), ({"kind": "move", "moves": []}, "moves"),
        ({"kind": "move", "moves": [{"unit_id": unit, "cell_code": 1}]}, "moves.0.cell_code"),
        ({"kind": "move", "moves": [{"unit_id": 1.5, "cell_code": cell}]}, "moves.0.unit_id"),
        ({"kind": "move", "moves": [{"unit_id": unit, "cell_code": cell}] * 2}, "moves"),
        ({"kind": "move", "moves": [{"unit_id": unit, "cell_code": cell}], "into": cell}, "into"),
        ({"kind": "split"}, "cell_code"), ({"kind": "split", "cell_code": community}, "cell_code"),
        ({"kind": "split", "cell_code": highest + 1}, "cell_code"),
        ({"kind": "split", "cell_code": far}, "cell_code"),
        ({"kind": "join", "cell_code": cell}, "into"),
        ({"kind": "join", "cell_code": cell, "into": cell}, "into"),
        ({"kind": "join", "cell_code": cell, "into": far}, "into"),
        ({"kind": "mend", "area_code": other}, "area"),
        ({"kind": "mend", "cell_code": highest + 1}, "cell_code"),
        ({"kind": "balance"}, "kind"), ({"kind": "rebase"}, "kind"), ({}, "kind"),
        ({"kind": "reset", "note": "a\x00b"}, "note"), ({"kind": "reset", "x": 1}, "x"),
    ):  # fmt: skip
        answer = plan.edit(**body)
        assert (answer.status_code, fields(answer)[:1]) == (422, [field]), (body, answer.text)
    many = [{"unit_id": n, "cell_code": cell} for n in range(20_001)]
    assert fields(plan.edit(kind="move", moves=many)) == ["moves"]
    assert plan.edit(kind="reset", note="长" * 800_000).status_code == 413
    assert plan.now()["revision"] == 1 and drawn(engine, plan, community) == base


def test_dedicated_cells_and_locked_units_stay(
    own_context: Context, own_client: TestClient
) -> None:
    """As the boundaries lock them."""
    engine = own_context.engine
    found = hand.rows(
        engine,
        "SELECT u.community_code, u.unit_id, u.cell_code FROM base_unit u"
        " WHERE u.locked AND upper_inf(u.valid) ORDER BY 2 LIMIT 1",
    )[0]
    cells = hand.units(engine, found.community_code)
    free = next(unit for unit, cell in cells.items() if cell != found.cell_code)
    plan = hand.begin(own_client, found.community_code)
    assert fields(plan.move({found.unit_id: cells[free]})) == ["moves.unit_id"]
    assert fields(plan.move({free: found.cell_code})) == ["moves.cell_code"]
    assert plan.edit(kind="split", cell_code=found.cell_code).status_code == 422


def test_cells_are_split_joined_mended_and_put_back(
    own_context: Context, own_client: TestClient, community: int
) -> None:
    """Each as one edit; new cells take the next free numbers, whatever has gone before."""
    engine = own_context.engine
    base = hand.units(engine, community)
    highest = max(base.values())
    plan = hand.begin(own_client, community)
    splittable = [
        cell
        for cell in sorted(set(base.values()))
        if list(base.values()).count(cell) > 3
        and plan.edit(kind="split", cell_code=cell).status_code == 200
    ][:3]
    assert len(splittable) >= 2
    made = drawn(engine, plan, community)
    new = sorted(set(made.values()) - set(base.values()))
    assert new == list(range(highest + 1, highest + 1 + len(new)))
    # The first of the new cells goes again: those behind it move up, in the same edit.
    joined = plan.edit(kind="join", cell_code=new[0], into=splittable[0])
    after = drawn(engine, plan, community)
    assert sorted(set(after.values()) - set(base.values())) == new[:-1]
    assert {move["before"] for move in joined.json()["moves"]} == set(new)
    assert plan.send("POST", "/undo").status_code == 200
    assert drawn(engine, plan, community) == made
    assert plan.edit(kind="reset", cell_code=splittable[0]).status_code == 200
    kept = drawn(engine, plan, community)
    assert {u for u, c in kept.items() if c == splittable[0]} == {
        u for u, c in base.items() if c == splittable[0]
    }
    assert plan.edit(kind="reset", area_code=community).status_code == 200
    assert drawn(engine, plan, community) == base
    broken = next(
        answer
        for unit, cell in base.items()
        for target in sorted(set(base.values()) - {cell})
        if (answer := plan.move({unit: target})).status_code == 200 and answer.json()["faults"]
    ).json()
    assert broken["faults"][0]["rule"] == "in_one_piece"
    mended = plan.edit(kind="mend", cell_code=broken["faults"][0]["cells"][0])
    assert mended.json()["faults"] == []


def test_of_many_that_draw_at_once_one_wins(
    own_context: Context, own_client: TestClient, community: int
) -> None:
    """All have seen the same revision: one edit, 412 for the others with the revision now."""
    engine = own_context.engine
    plan = hand.begin(own_client, community)
    moves = hand.border_moves(engine, community)[:6]
    hands = [Hand(own_client, dict(plan.plan)) for _ in moves]
    with ThreadPoolExecutor(len(moves)) as pool:
        answers = list(pool.map(lambda pair: pair[0].move(dict([pair[1]])),
                                zip(hands, moves, strict=True)))  # fmt: skip
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * (len(moves) - 1)]
    late = [answer.json() for answer in answers if answer.status_code == 412]
    assert {answer["revision"] for answer in late} == {2}
    assert plan.now()["moved_units"] == 1


def test_nobody_draws_where_a_balance_is_about_to(
    own_context: Context, own_client: TestClient
) -> None:
    """Not in its communities, not undone, not submitted; elsewhere one may."""
    engine = own_context.engine
    first, second = hand.communities(engine)[4:6]
    whole = hand.begin(own_client, hand.parent(first))
    there, elsewhere = hand.a_border_move(engine, first), hand.a_border_move(engine, second)
    assert whole.move(dict([there])).status_code == 200
    with writing(engine) as session:
        job_id = session.execute(
            insert(PlanJob).values(
                plan_id=whole.plan["id"], area_code=whole.plan["area_code"],
                kind=JobKind.BALANCE, params={"areas": [first]}, state=JobState.RUNNING, done=0,
                total=0, message="", account="x", asked_at=datetime.now(UTC), cancel_asked=False,
            ).returning(PlanJob.id)
        ).scalar_one()  # fmt: skip
    for answer in (
        whole.edit(kind="reset"), whole.send("POST", "/undo"), whole.step("submit"),
        whole.send("POST", "/rebase"),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/plan-busy")
        assert answer.json()["job_id"] == job_id
    assert whole.move(dict([elsewhere])).status_code == 200
    with writing(engine) as session:
        plan = queries.one(session, whole.plan["id"])
        assert plan is not None
        unit, cell = there
        back = {unit: hand.units(engine, first)[unit]}
        made = edits.apply(session, plan, EditKind.BALANCE, back, account="x",
                           now=datetime.now(UTC), job_id=job_id)  # fmt: skip
        assert [move.before for move in made.moves] == [cell]
    with writing(engine) as session:
        session.get_one(PlanJob, job_id).state = JobState.DONE
    whole.now()
    assert whole.send("POST", "/undo").json()["no"] == made.no


@contextmanager
def a_plan(engine: Engine, community: int) -> Iterator[int]:
    """A plan of nobody's, by its number."""
    with writing(engine) as session:
        now = versions.instant_of_base(session)
        plan = queries.add(
            session, title="x", note="", area_code=community, parent_id=None, base_at=now,
            state="draft", revision=1, author="x", editors=[], model={}, created_at=now,
            changed_at=now,
        )  # fmt: skip
    yield plan.id


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["move", "move", "fresh", "split", "join", "undo", "undo", "redo"]),
        st.integers(0, 10**6), st.integers(0, 10**6),
    ),
    max_size=14,
)  # fmt: skip


def wanted(draft: drafts.Draft, cells: moving.Cells, what: str, a: int, b: int) -> dict[int, int]:
    """The moves of an operation that is made up from two numbers."""
    known = sorted(set(draft.cells.tolist()))
    one, other = known[a % len(known)], known[b % len(known)]
    units = draft.units.unit_id.tolist()
    if what == "move":
        return {units[(a + step) % len(units)]: other for step in range(b % 4 + 1)}
    fresh = moving.next_codes(cells, one // 1000 * 1000, 1)[0]
    if what == "fresh":
        return {units[a % len(units)]: fresh}
    after = (
        number.split(draft.units, draft.borders, draft.cells, one, new_code=fresh)
        if what == "split"
        else number.join(draft.cells, other, one)
    )
    return dict(zip(units, after.tolist(), strict=True))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_any_history_is_what_its_log_says(
    own_context: Context, operations: list[tuple[str, int, int]]
) -> None:
    """Edits, undone and redone in any order: the plan is the replay of the edits that stand, every
    undo goes back to exactly what was before, and new numbers never have a gap."""
    engine = own_context.engine
    community = hand.communities(engine)[5]
    base = hand.units(engine, community)
    with a_plan(engine, community) as plan_id:
        states, at = [dict(base)], 0
        for what, a, b in operations:
            try:
                _do(engine, plan_id, what, a, b)
            except (Problem, ValueError):
                # Refused: nothing has happened.
                assert _drawn(engine, plan_id, base) == states[at]
                continue
            now = _drawn(engine, plan_id, base)
            if what in ("undo", "redo"):
                at += 1 if what == "redo" else -1
                assert now == states[at]
            elif now != states[at]:
                states, at = [*states[: at + 1], now], at + 1
            assert now == _replayed(engine, plan_id, base)
            new = sorted(set(now.values()) - set(base.values()))
            highest = max(base.values())
            assert new == list(range(highest + 1, highest + 1 + len(new)))
            moved = hand.rows(engine, "SELECT unit_id, base_cell, cell_code FROM plan_move"
                              " WHERE plan_id = :id", id=plan_id)  # fmt: skip
            assert all(row.base_cell == base[row.unit_id] != row.cell_code for row in moved)


def _do(engine: Engine, plan_id: int, what: str, a: int, b: int) -> None:
    now = datetime.now(UTC)
    with writing(engine) as session:
        if what in ("undo", "redo"):
            step = edits.undo if what == "undo" else edits.redo
            step(session, plan_id, account="x", now=now, if_match="*")
            return
        plan = queries.one(session, plan_id)
        assert plan is not None
        draft = drafts.load(session, plan)
        moves = wanted(draft, edits.cells_of(session, plan, draft), what, a, b)
        edits.apply(session, plan, EditKind.MOVE, moves, account="x", now=now)


def _drawn(engine: Engine, plan_id: int, base: dict[int, int]) -> dict[int, int]:
    with reading(engine) as session:
        moves = move_queries.moves(session, plan_id)
    return base | {unit: row.cell_code for unit, row in moves.items()}


def _replayed(engine: Engine, plan_id: int, base: dict[int, int]) -> dict[int, int]:
    """The edits that stand, one after the other, each on what it says was before."""
    state = dict(base)
    for edit in hand.rows(
        engine, "SELECT unit_ids, before, after FROM plan_edit WHERE plan_id = :id AND NOT undone"
        " ORDER BY no", id=plan_id,
    ):  # fmt: skip
        assert [state[unit] for unit in edit.unit_ids] == edit.before
        state |= dict(zip(edit.unit_ids, edit.after, strict=True))
    return state

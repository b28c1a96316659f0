"""Bringing a plan up to date, when others were published meanwhile."""

from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.core.context import Context
from tests.app.planning import hand
from tests.app.planning.hand import Hand
from tests.app.planning.test_edits import drawn
from tests.app.planning.test_publishing import check_ground


@pytest.fixture
def community(own_context: Context) -> int:
    """A community of several cells."""
    return hand.communities(own_context.engine)[5]


def publish(context: Context, client: TestClient, plan: Hand) -> None:
    """Let somebody else approve a plan, and put it into force."""
    with hand.approver(context) as other:
        hand.approve(plan, other)
    published = plan.step("publish")
    assert published.status_code == 200, published.text


def two_ways(engine: Engine, community: int) -> tuple[int, int, int]:
    """A unit, and two cells beside it."""
    moves = hand.border_moves(engine, community)
    cells: dict[int, list[int]] = {}
    for unit, cell in moves:
        cells.setdefault(unit, []).append(cell)
    unit = next(unit for unit, found in cells.items() if len(found) > 1)
    return unit, cells[unit][0], cells[unit][1]


@pytest.mark.parametrize("keep", ["mine", "theirs"])
def test_a_unit_that_both_have_moved_is_kept_as_asked(
    own_context: Context, own_client: TestClient, keep: str
) -> None:
    """409 with the difference while nobody says so; then mine or theirs."""
    engine = own_context.engine
    for community in hand.communities(engine):
        try:
            unit, here, there = two_ways(engine, community)
            break
        except StopIteration:
            continue
    base = hand.units(engine, community)
    mine, theirs = hand.begin(own_client, community), hand.begin(own_client, community)
    mine.move({unit: here})
    theirs.move({unit: there})
    publish(own_context, own_client, theirs)
    assert mine.now()["behind"] is True
    told = mine.send("POST", "/rebase")
    assert (told.status_code, told.json()["type"]) == (409, "/problems/plan-behind")
    assert told.json()["difference"] == [
        {"unit_id": unit, "base_cell": base[unit], "current_cell": there, "plan_cell": here}
    ]
    rebased = mine.send("POST", "/rebase", keep=keep).json()
    assert not rebased["behind"] and not rebased["can_undo"] and not rebased["can_redo"]
    assert rebased["moved_units"] == (1 if keep == "mine" else 0)
    assert drawn(engine, mine, community)[unit] == (here if keep == "mine" else there)
    assert mine.send("POST", "/undo").json()["type"] == "/problems/nothing-to-undo"
    log = own_client.get(mine.url + "/log").json()
    assert (log["steps"][-1]["step"], log["steps"][-1]["reason"]) == ("rebased", keep)
    assert log["edits"][0]["kind"] == "rebase"
    # From here on it is drawn on as ever, back to the rebase.
    assert mine.move({unit: base[unit]}).json()["faults"] == []
    assert mine.send("POST", "/undo").status_code == 200
    assert mine.send("POST", "/undo").status_code == 409
    assert mine.send("POST", "/rebase", keep="both").status_code == 422


def test_new_cells_of_two_plans_get_numbers_of_their_own(
    own_context: Context, own_client: TestClient, community: int
) -> None:
    """Both had taken the next free one; whoever is published second moves up, lock and all."""
    engine = own_context.engine
    base = hand.units(engine, community)
    fresh = max(base.values()) + 1
    plans = [hand.begin(own_client, community) for _ in range(2)]
    split: list[int] = []
    for plan in plans:
        for cell in sorted(set(base.values()) - set(split)):
            if plan.edit(kind="split", cell_code=cell).status_code == 200:
                split.append(cell)
                break
    first, second = plans
    assert len(split) == 2 and second.send("PUT", f"/locks/{fresh}").status_code == 200
    mine = {unit for unit, cell in drawn(engine, second, community).items() if cell == fresh}
    publish(own_context, own_client, first)
    rebased = second.send("POST", "/rebase").json()
    assert rebased["locks"] == [fresh + 1]
    after = drawn(engine, second, community)
    assert {unit for unit, cell in after.items() if cell == fresh + 1} == mine
    second.send("DELETE", f"/locks/{fresh + 1}")
    publish(own_context, own_client, second)
    standing = hand.units(engine, community)
    assert {unit for unit, cell in standing.items() if cell == fresh + 1} == mine
    assert fresh in standing.values()
    check_ground(engine)


def test_a_cell_that_was_dissolved_takes_nobody_in(
    own_context: Context, own_client: TestClient, community: int
) -> None:
    """The unit stays where it lies now, whoever is to be kept; the number is never used again."""
    engine = own_context.engine
    base = hand.units(engine, community)
    theirs = hand.begin(own_client, community)
    gone = a_join(theirs, base)
    unit = next(u for u, c in hand.border_moves(engine, community) if c == gone)
    mine = hand.begin(own_client, community)
    mine.move({unit: gone})
    publish(own_context, own_client, theirs)
    told = mine.send("POST", "/rebase").json()
    assert [one["unit_id"] for one in told["difference"]] == [unit]
    assert mine.send("POST", "/rebase", keep="mine").json()["moved_units"] == 0
    assert mine.move({unit: gone}).status_code == 422
    new = mine.move({unit: max(base.values()) + 1})
    assert new.status_code == 200, new.text


def a_join(plan: Hand, cells: dict[int, int]) -> int:
    """A cell that was joined to another one."""
    for gone in sorted(set(cells.values())):
        for into in sorted(set(cells.values()) - {gone}):
            answer: Any = plan.edit(kind="join", cell_code=gone, into=into)
            if answer.status_code == 200 and not answer.json()["faults"]:
                return gone
            if answer.status_code == 200:
                plan.send("POST", "/undo")
    raise AssertionError("no two cells can be joined")


def test_what_others_did_elsewhere_costs_nothing(
    own_context: Context, own_client: TestClient
) -> None:
    """A plan for another community is not behind, and publishes as it is."""
    engine = own_context.engine
    one, other = hand.communities(engine)[4:6]
    mine, theirs = hand.begin(own_client, one), hand.begin(own_client, other)
    mine.move(dict([hand.a_border_move(engine, one)]))
    theirs.move(dict([hand.a_border_move(engine, other)]))
    publish(own_context, own_client, theirs)
    assert mine.now()["behind"] is False
    with hand.approver(own_context) as client:
        hand.approve(mine, client)
    assert mine.step("publish").status_code == 200
    # Without anything to put it onto, a rebase keeps what can be undone.
    third = hand.begin(own_client, one)
    third.move(dict([hand.a_border_move(engine, one)]))
    assert third.send("POST", "/rebase").json()["can_undo"] is True

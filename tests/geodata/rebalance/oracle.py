"""The best plan there is of a small community, proved by CP-SAT: what the search is held against.

The model is written from the profile's definition, not from the kernel: whole numbers, and cells in
one piece by cuts that are added when a solution lies in several.
"""

import numpy as np
from ortools.sat.python import cp_model

from geodata.rebalance.search import Community

SCALE = 1_000
COST = 1_000_000


class NotProved(AssertionError):
    """The solver did not prove an optimum in its time."""


def best(community: Community) -> np.ndarray:
    """(atoms,) the cheapest plan with every cell in one piece and none empty."""
    model, inside = _model(community)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.max_time_in_seconds = 60
    solver.parameters.linearization_level = 2
    while True:
        if solver.solve(model) != cp_model.OPTIMAL:
            raise NotProved("no optimum was proved in time")
        plan = np.array([
            next(c for c in range(len(community.cells)) if solver.value(row[c])) for row in inside
        ])  # fmt: skip
        if not _cut(model, community, inside, plan):
            return plan


def pieces(community: Community, plan: np.ndarray, cell: int) -> list[set[int]]:
    """The connected pieces of one cell."""
    left = set(np.flatnonzero(plan == cell).tolist())
    found = []
    while left:
        piece, queue = set(), [left.pop()]
        while queue:
            at = queue.pop()
            piece.add(at)
            for near in community.near[community.first[at] : community.first[at + 1]].tolist():
                if near in left:
                    left.remove(near)
                    queue.append(near)
        found.append(piece)
    return found


def _model(community: Community) -> tuple[cp_model.CpModel, list[list[cp_model.IntVar]]]:
    tolerance, beyond, uneven, ragged, moved, touched = community.terms
    model = cp_model.CpModel()
    units, cells = len(community.today), len(community.cells)
    inside = [[model.new_bool_var(f"x{u}_{c}") for c in range(cells)] for u in range(units)]
    cost = []
    for u in range(units):
        model.add_exactly_one(inside[u])
        home = int(community.today[u])
        cost.append(round(COST * moved * community.households[u]) * (1 - inside[u][home]))
        for k in range(community.first[u], community.first[u + 1]):
            if (v := int(community.near[k])) > u:
                cut = model.new_bool_var("")
                for c in range(cells):
                    model.add(cut >= inside[u][c] - inside[v][c])
                cost.append(round(COST * ragged * community.border[k]) * cut)
    # Loads in SCALE parts of the mean.
    part = [round(SCALE * w / community.mean) for w in community.weight]
    most = sum(part)
    for c in range(cells):
        model.add_bool_or(row[c] for row in inside)
        off = model.new_int_var(-SCALE, most, "")
        model.add(off == sum(p * row[c] for p, row in zip(part, inside, strict=True)) - SCALE)
        over = model.new_int_var(0, most, "")
        model.add(over >= off - round(SCALE * tolerance))
        model.add(over >= -off - round(SCALE * tolerance))
        square = model.new_int_var(0, most * most, "")
        model.add_multiplication_equality(square, [off, off])
        cost.append(round(COST * beyond / SCALE / cells) * over)
        cost.append(_whole(model, square, COST * uneven / SCALE**2 / cells))
        changed = model.new_bool_var("")
        for u in range(units):
            at_home = int(community.today[u]) == c
            model.add(changed >= (1 - inside[u][c] if at_home else inside[u][c]))
        cost.append(round(COST * touched) * changed)
    model.minimize(sum(cost))
    return model, inside


def _whole(model: cp_model.CpModel, square: cp_model.IntVar, factor: float) -> cp_model.IntVar:
    """About `factor * square`, as a whole number."""
    top, bottom = round(factor * 1_000), 1_000
    value = model.new_int_var(0, 10**12, "")
    model.add_division_equality(value, top * square, bottom)
    return value


def _cut(
    model: cp_model.CpModel, community: Community, inside: list[list[cp_model.IntVar]],
    plan: np.ndarray,
) -> bool:  # fmt: skip
    """Forbid each pair of pieces of one cell, unless a unit beside the one joins them."""
    found = False
    for cell in range(len(community.cells)):
        parts = pieces(community, plan, cell)
        for part in parts if len(parts) > 1 else []:
            found = True
            beside = {
                int(near) for u in part
                for near in community.near[community.first[u] : community.first[u + 1]]
            } - part  # fmt: skip
            one, other = min(part), min(u for p in parts if p is not part for u in p)
            for c in range(len(community.cells)):
                model.add(
                    inside[one][c] + inside[other][c] - 1
                    <= sum(inside[b][c] for b in beside)
                    + sum(1 - inside[u][c] for u in part if u != one)
                )
    return found

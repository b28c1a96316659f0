"""Importing grid cells: a new state of all cells, in force from now on."""

import numpy as np
import shapely

from app.city.importing import boundaries, fields, hints, mosaic, queries
from app.city.importing.boundaries import NewAreas
from app.city.importing.drawn import Drawn, GeometryArray
from app.city.importing.report import MOST_OUTSIDE_SHARE
from app.city.importing.work import Work
from app.incidents.rezoning import service as rezoning
from geodata import codes
from geodata.codes import Level

KINDS = ("grid_cell", "dedicated")
FIELDS = ("code", "name", "kind", "households", "residents", "locked")
_MOST_NAMED = 20


def take(work: Work) -> None:
    """Check the cells against each other and their communities, and write them if they fit."""
    communities = queries.areas_in_force(work.session, Level.COMMUNITY, work.now)
    if not len(communities.codes):
        work.report.problems.append(
            "No communities are loaded; `minqing city import areas` comes first."
        )
        return
    code = work.each("code", fields.code(Level.CELL))
    work.refuse_twice("code", code)
    _refuse_reused(work, code)
    parents = _parents(work, code, communities)
    areas = _cells(work, code, parents, communities)
    _refuse_strays(work, parents, communities)
    if areas is None:
        return
    boundaries.refuse_overlaps(work, areas)
    if work.report.fits:
        _refuse_gaps(work, areas, communities)
    if work.report.fits:
        _write(work, areas)


def _refuse_reused(work: Work, code: list[int | None]) -> None:
    gone = queries.dissolved(work.session, [one for one in code if one is not None])
    for index, one in enumerate(code):
        if one in gone:
            work.refuse(index, "code", f"{one} was dissolved; a dissolved code is never used again")


def _parents(work: Work, code: list[int | None], communities: Drawn) -> list[int | None]:
    """For each row of the file the row of its community, None where there is none."""
    answer: list[int | None] = []
    for index, one in enumerate(code):
        parent = codes.parent_of(one) if one is not None else None
        row = communities.row_of(parent) if parent is not None else None
        if parent is not None and row is None:
            work.refuse(index, "code", f"{one}: there is no community {parent}")
        answer.append(row)
    return answer


def _cells(
    work: Work, code: list[int | None], parents: list[int | None], communities: Drawn
) -> NewAreas | None:
    def name_of(index: int) -> str:
        row = parents[index]
        sequence = (code[index] or 0) % 1000
        return f"{communities.names[row]}第{sequence}网格" if row is not None else ""

    name = work.each("name", fields.name, name_of)
    kind = work.each("kind", fields.word(KINDS), lambda _: "grid_cell")
    households = work.each("households", fields.count, lambda _: 0)
    residents = work.each("residents", fields.count, lambda _: 0)
    locked = work.each("locked", fields.flag, lambda index: kind[index] == "dedicated")
    if work.report.refused:
        return None
    return NewAreas(
        index=np.arange(len(code)),
        code=np.array(code, dtype=np.int64),
        name=[str(one) for one in name],
        name_en=[None] * len(code),
        kind=[str(one) for one in kind],
        households=[one or 0 for one in households],
        residents=[one or 0 for one in residents],
        locked=[bool(one) for one in locked],
        geometries=work.file.geometries,
    )


def _refuse_strays(work: Work, parents: list[int | None], communities: Drawn) -> None:
    """Refuse cells that lie outside their community; if many do, say what may be wrong."""
    geometries = work.file.geometries
    drawn = ~shapely.is_missing(geometries)
    here = np.array([i for i, row in enumerate(parents) if row is not None and drawn[i]], dtype=int)
    if not len(here):
        return
    around = communities.geometries[[parents[index] or 0 for index in here]]
    shares = mosaic.strays(geometries[here], around)
    for index, share in zip(here.tolist(), shares, strict=True):
        if share:
            parent = communities.codes[parents[index] or 0]
            work.refuse_outside(
                index, "geometry", f"{share:.0%} of it lies outside its community {parent}"
            )
    if work.report.outside_share > MOST_OUTSIDE_SHARE:

        def outside_share(rows: np.ndarray, moved: GeometryArray) -> float:
            return float(np.mean(mosaic.strays(moved, around[rows]) > 0))

        advice = hints.other_reading(geometries[here], work.report.crs, outside_share)
        if advice:
            work.report.problems.append(advice)


def _refuse_gaps(work: Work, cells: NewAreas, communities: Drawn) -> None:
    """Every community that has cells is covered by them; those without any are only named."""
    parent = codes.ancestors_at(cells.code, Level.COMMUNITY)
    bare, gaps = [], []
    for row, community in enumerate(communities.codes.tolist()):
        own = cells.geometries[parent == community]
        if not len(own):
            bare.append(community)
            continue
        gap_m2 = mosaic.gap_m2(communities.geometries[row], own)
        if gap_m2 > mosaic.tolerance_m2(communities.geometries[row]):
            gaps.append(f"{community} {communities.names[row]} ({gap_m2:,.0f} m²)")
    if gaps:
        work.report.problems.append(
            f"The cells leave ground of {len(gaps)} communities uncovered:"
            f" {'; '.join(gaps[:_MOST_NAMED])}"
        )
    if bare:
        named = ", ".join(map(str, bare[:_MOST_NAMED]))
        work.report.notes.append(f"{len(bare)} communities have no cells: {named}")


def _write(work: Work, areas: NewAreas) -> None:
    before = queries.areas_in_force(work.session, Level.CELL, work.now).codes
    prepared = boundaries.prepare_level(work, Level.CELL, areas)
    work.begin_writing()
    boundaries.write_level(work, prepared)
    boundaries.open_version(work, "cells imported")
    kept = len(np.intersect1d(before, areas.code))
    work.report.notes.append(
        f"{kept:,} cells keep their code, {len(areas.code) - kept:,} are new,"
        f" {len(before) - kept:,} are dissolved."
    )
    moved = rezoning.follow_boundaries(work.session, work.now, emit=False, progress=work.progress)
    if moved:
        work.report.notes.append(f"{moved:,} open cases lie in another cell now.")
    for word, count in queries.left_behind(work.session).items():
        if count:
            work.report.notes.append(f"{count:,} {word} belong to cells that are dissolved.")

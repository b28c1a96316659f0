"""Importing the tree from the city down to the communities, whole or level by level."""

import numpy as np
import shapely

from app.city import queries as city_queries
from app.city.importing import boundaries, fields, mosaic, queries
from app.city.importing.boundaries import NewAreas
from app.city.importing.drawn import Drawn
from app.city.importing.work import Work
from app.city.loading import HISTORY
from app.city.standard import shipped_standard
from app.city.standard_queries import write_standard
from app.core.clock import city_midnight
from app.places import versions
from app.places.rows import since
from geodata import codes
from geodata.codes import Level

LEVELS = (Level.CITY, Level.DISTRICT, Level.SUBDISTRICT, Level.COMMUNITY)
KINDS = ("city", "district", "county", "subdistrict", "township", "community", "village")
FIELDS = ("code", "name", "name_en", "kind", "households", "residents")


def kind_of(code: int) -> str:
    """What kind of area a national division code stands for.

    Districts are numbered from 01, counties from 21; street offices from 001, towns from 100;
    residents' committees from 001, villagers' committees from 200.
    """
    level = codes.level_of(code)
    match level:
        case Level.DISTRICT:
            return "district" if code // 10**9 % 100 <= 20 else "county"
        case Level.SUBDISTRICT:
            return "subdistrict" if code // 10**6 % 1000 < 100 else "township"
        case Level.COMMUNITY:
            return "community" if code // 10**3 % 1000 < 200 else "village"
        case _:
            return "city"


def take(work: Work) -> None:
    """Check the file against itself and the loaded city, and write it if it fits."""
    code = work.each("code", fields.code(*LEVELS))
    work.refuse_twice("code", code)
    found = _by_level(work, code)
    if work.report.refused or not _may_write(work, code):
        return
    fresh = work.options.replace or queries.is_demo(work.session) is None
    above = {} if fresh else _loaded(work)
    _add_city(work, found)
    _check_parents(work, found, above)
    for areas in found.values():
        boundaries.refuse_overlaps(work, areas)
    if work.report.fits:
        _note_gaps(work, found, above)
        _write(work, found, fresh=fresh)


def _by_level(work: Work, code: list[int | None]) -> dict[Level, NewAreas]:
    name = work.each("name", fields.name)
    name_en = work.each("name_en", fields.name, lambda _: "")
    kind = work.each(
        "kind", fields.word(KINDS), lambda index: kind_of(code[index] or 0) if code[index] else ""
    )
    households = work.each("households", fields.count, lambda _: 0)
    residents = work.each("residents", fields.count, lambda _: 0)
    found: dict[Level, list[int]] = {}
    for index, one in enumerate(code):
        if one is not None:
            found.setdefault(codes.level_of(one), []).append(index)
    if work.report.refused:
        return {}
    return {
        level: NewAreas(
            index=np.array(found[level]),
            code=np.array([code[index] for index in found[level]], dtype=np.int64),
            name=[str(name[index]) for index in found[level]],
            name_en=[name_en[index] or None for index in found[level]],
            kind=[str(kind[index]) for index in found[level]],
            households=[households[index] or 0 for index in found[level]],
            residents=[residents[index] or 0 for index in found[level]],
            locked=[False] * len(found[level]),
            geometries=work.file.geometries[found[level]],
        )
        for level in LEVELS
        if level in found
    }


def _may_write(work: Work, code: list[int | None]) -> bool:
    """Whether the file and the loaded city can be the same one."""
    cities = sorted({codes.ancestor_at(one, Level.CITY) for one in code if one is not None})
    problems = work.report.problems
    if len(cities) != 1:
        problems.append(f"The file holds areas of {len(cities)} cities: {cities[:5]}.")
        return False
    loaded = city_queries.loaded_city(work.session)
    if loaded is None or work.options.replace:
        return True
    if queries.is_demo(work.session):
        problems.append(
            "The demo city is loaded, and a real city cannot be mixed with it. With --replace this"
            " file begins the real city, and the demo with all its cases is removed."
        )
    elif loaded != cities[0]:
        problems.append(f"The loaded city is {loaded}, the file is of {cities[0]} (--replace?).")
    return not problems


def _loaded(work: Work) -> dict[Level, Drawn]:
    return {
        level: queries.areas_in_force(work.session, level, work.now)
        for level in (*LEVELS, Level.CELL)
    }


def _add_city(work: Work, found: dict[Level, NewAreas]) -> None:
    """Where the file has districts and nobody has the city, the city is all its districts."""
    loaded = city_queries.loaded_city(work.session) is not None and not work.options.replace
    if Level.CITY in found or loaded:
        return
    if Level.DISTRICT not in found:
        work.report.problems.append(
            "A new city begins with its own outline or with its districts; the file has neither."
        )
    elif work.options.city_name is None:
        work.report.problems.append(
            "The file has no row for the city itself; give its name by --city-name."
        )
    else:
        districts = found[Level.DISTRICT]
        found[Level.CITY] = NewAreas(
            index=np.array([-1]),
            code=np.array([codes.ancestor_at(int(districts.code[0]), Level.CITY)]),
            name=[work.options.city_name],
            name_en=[None],
            kind=["city"],
            households=[sum(districts.households)],
            residents=[sum(districts.residents)],
            locked=[False],
            geometries=np.array([shapely.union_all(districts.geometries)], dtype=object),
        )


def _check_parents(work: Work, found: dict[Level, NewAreas], loaded: dict[Level, Drawn]) -> None:
    """Every area needs its parent, here or loaded, and lies in it."""
    for level, areas in found.items():
        if level.parent is None:
            continue
        outlines = _outlines(level.parent, found, loaded)
        parents = [codes.parent_of(int(one)) for one in areas.code]
        for row, parent in enumerate(parents):
            if parent not in outlines:
                work.refuse(
                    int(areas.index[row]), "code", f"{areas.code[row]}: its {level.parent} {parent}"
                    " is neither in the file nor loaded",
                )  # fmt: skip
        here = [row for row, parent in enumerate(parents) if parent in outlines]
        around = np.array([outlines[parents[row] or 0] for row in here], dtype=object)
        for row, share in zip(here, mosaic.strays(areas.geometries[here], around), strict=True):
            if share:
                work.refuse_outside(
                    int(areas.index[row]),
                    "geometry",
                    f"{share:.0%} of {areas.code[row]} lies outside its {level.parent}"
                    f" {parents[row]}",
                )


def _note_gaps(work: Work, found: dict[Level, NewAreas], loaded: dict[Level, Drawn]) -> None:
    """Say where the areas of a level leave some of their parents uncovered."""
    for level, areas in found.items():
        if level.parent is None:
            continue
        outlines = _outlines(level.parent, found, loaded)
        parents = codes.ancestors_at(areas.code, level.parent)
        for parent in np.unique(parents).tolist():
            gap_m2 = mosaic.gap_m2(outlines[parent], areas.geometries[parents == parent])
            if gap_m2 > mosaic.tolerance_m2(outlines[parent]):
                work.report.notes.append(
                    f"The {level} areas of {parent} leave {gap_m2:,.0f} m² of it uncovered."
                )


def _outlines(
    level: Level, found: dict[Level, NewAreas], loaded: dict[Level, Drawn]
) -> dict[int, object]:
    if level in found:
        here = found[level]
        return dict(zip(here.code.tolist(), here.geometries, strict=True))
    if level in loaded:
        there = loaded[level]
        return dict(zip(there.codes.tolist(), there.geometries, strict=True))
    return {}


def _write(work: Work, found: dict[Level, NewAreas], *, fresh: bool) -> None:
    by_rank = sorted(found.items(), key=lambda item: item[0].rank)
    prepared = [boundaries.prepare_level(work, level, areas) for level, areas in by_rank]
    work.begin_writing()
    if fresh:
        _begin_city(work, found[Level.CITY])
    for one in prepared:
        boundaries.write_level(work, one)
    if not fresh:
        boundaries.open_version(work, "areas imported")
    for code, name, parent in queries.orphans(work.session, work.now):
        work.report.problems.append(f"{code} {name} would lose its parent {parent}.")


def _begin_city(work: Work, city: NewAreas) -> None:
    """An empty city under its own name, with the filing standard."""
    session = work.session
    version = versions.next_boundary_version(session, work.now)
    city_queries.clear_city(session)
    city_queries.write_city(
        session,
        code=int(city.code[0]),
        name=city.name[0],
        name_en=city.name_en[0],
        demo=False,
        now=work.now,
    )
    valid = since(city_midnight(work.now - HISTORY))
    versions.write_boundary_version(session, version, valid, "areas imported")
    write_standard(session, shipped_standard(), valid)

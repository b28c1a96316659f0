"""Codes: round trips, nesting ranges, parents, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata import codes
from geodata.codes import LEVELS, InvalidCodeError, Level

CITY = 620100000000000
CELL = 620102001001001

cells = st.tuples(
    st.integers(1101, 9999).filter(lambda part: part % 100),
    st.integers(1, 99),
    st.integers(1, 999),
    st.integers(1, 999),
    st.integers(1, 999),
).map(lambda parts: int("{:04d}{:02d}{:03d}{:03d}{:03d}".format(*parts)))
areas = st.tuples(cells, st.sampled_from(LEVELS)).map(lambda pair: codes.ancestor_at(*pair))


def test_the_documented_examples() -> None:
    chain = codes.chain_of(CELL)
    assert chain == (CITY, 620102000000000, 620102001000000, 620102001001000, CELL)
    assert [codes.level_of(code) for code in chain] == list(LEVELS)
    assert codes.code_range(CITY) == (CITY, 620199999999999)
    assert codes.parent_of(CITY) is None


@given(areas)
def test_a_range_holds_the_area_and_lies_in_its_parents_range(code: int) -> None:
    low, high = codes.code_range(code)
    assert low == code <= high
    parent = codes.parent_of(code)
    if parent is None:
        assert codes.level_of(code) is Level.CITY
        return
    outer_low, outer_high = codes.code_range(parent)
    assert outer_low < low <= high <= outer_high
    assert codes.level_of(parent) is codes.level_of(code).parent


@given(areas)
def test_the_chain_ends_at_the_area_and_steps_by_parent(code: int) -> None:
    chain = codes.chain_of(code)
    assert chain[-1] == code
    assert [codes.parent_of(link) for link in chain] == [None, *chain[:-1]]
    assert all(codes.contains(link, code) for link in chain)


@given(areas, areas)
def test_two_ranges_nest_or_are_apart(one: int, other: int) -> None:
    (low, high), (other_low, other_high) = codes.code_range(one), codes.code_range(other)
    apart = high < other_low or other_high < low
    assert apart != (codes.contains(one, other) or codes.contains(other, one))


@given(areas.filter(lambda code: codes.level_of(code) is not Level.CELL), st.integers(1, 99))
def test_a_child_goes_back_to_its_parent(parent: int, sequence: int) -> None:
    child = codes.child_code(parent, sequence)
    assert codes.parent_of(child) == parent
    assert codes.level_of(child) is codes.level_of(parent).child


@given(areas.filter(lambda code: codes.level_of(code) is not Level.CELL))
def test_division_codes_go_there_and_back(code: int) -> None:
    assert codes.from_division(codes.division_of(code)) == code
    assert codes.read(codes.division_of(code)) == code


@given(st.lists(areas, min_size=1), st.sampled_from(LEVELS))
def test_the_vectorised_forms_say_the_same(some: list[int], level: Level) -> None:
    assert codes.ranks_of(some).tolist() == [codes.level_of(code).rank for code in some]
    deep = [code for code in some if codes.level_of(code).rank >= level.rank]
    expected = [codes.ancestor_at(code, level) for code in deep]
    assert codes.ancestors_at(np.array(deep, dtype=np.int64), level).tolist() == expected


@given(st.integers())
def test_any_number_is_a_code_or_is_refused(number: int) -> None:
    if codes.is_code(number):
        assert number in codes.chain_of(number)
        assert codes.read(number) == number
    else:
        with pytest.raises(InvalidCodeError):
            codes.level_of(number)


@pytest.mark.parametrize(
    "bad",
    [0, -CELL, 62010200100100, 6201020010010010, 620000000000000, 620102000001000, 620102001000001],
)
def test_numbers_outside_the_tree_are_refused(bad: int) -> None:
    with pytest.raises(InvalidCodeError):
        codes.level_of(bad)


def test_what_does_not_fit_is_refused() -> None:
    for parent, sequence in ((CELL, 1), (CITY, 100), (620102001001000, 1000), (CITY, 0)):
        with pytest.raises(InvalidCodeError):
            codes.child_code(parent, sequence)
    for division in ("62010", "６２０１", "6201020010010"):
        with pytest.raises(InvalidCodeError):
            codes.from_division(division)
    for digits in (*map(str, [620102000001001, 62010200100100]), "６" * 15, "-10200100100100"):
        with pytest.raises(InvalidCodeError):
            codes.read(digits)
    with pytest.raises(InvalidCodeError):
        codes.ancestor_at(CITY, Level.CELL)

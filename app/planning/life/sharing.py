"""What redrawn cells are said to hold. Pure."""

from collections.abc import Mapping
from fractions import Fraction


def shares(total: int, weight: Mapping[int, float]) -> dict[int, int]:
    """A whole number in whole parts by weight, which add up to it; the largest remainders first.

    Args:
        total: 0 or more.
        weight: of each part, by its code: finite, 0 or more. All 0: equal parts.
    """
    exact = {code: Fraction(one) for code, one in weight.items()}
    if not any(exact.values()):
        exact = dict.fromkeys(weight, Fraction(1))
    whole = sum(exact.values())
    parts = {code: total * one / whole for code, one in exact.items()}
    answer = {code: part.numerator // part.denominator for code, part in parts.items()}
    left = total - sum(answer.values())
    by_remainder = sorted(parts, key=lambda code: (answer[code] - parts[code], code))
    for code in by_remainder[:left]:
        answer[code] += 1
    return answer


def household_count(households: float) -> int:
    """The sum over a cell's units as a number of households; halves up."""
    return int(households + 0.5)

"""How alike two reports are: place, time, words, category. Pure.

Words are compared by pairs of neighbouring characters (Dice), which needs no list of words and
works for Chinese as for anything else. A suggestion for a person to judge; nothing follows by
itself.
"""

import math
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

FARTHEST_M = 500.0
LONGEST_H = 72.0
LEAST_SCORE = 0.45
# Of a text; hundreds of them are compared while somebody types.
LONGEST_COMPARED = 600
NEAR_M, SOON_H, ALIKE = 100.0, 24.0, 0.35
WEIGHTS = {"distance": 0.3, "time": 0.15, "text": 0.35, "category": 0.2}
_EARTH_M = 6_371_008.8


@dataclass(frozen=True)
class Likeness:
    """How alike two reports are.

    Attributes:
        score: 0 to 1, the weighted sum of the four.
        reasons: those of distance, time, text, category that speak for it.
    """

    score: float
    distance_m: float
    hours: float
    text_similarity: float
    reasons: tuple[str, ...]


def distance_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Metres between two places (degrees, EPSG:4326) that are near each other."""
    mean = math.radians((lat + other_lat) / 2)
    dx = math.radians(other_lon - lon) * math.cos(mean)
    return _EARTH_M * math.hypot(dx, math.radians(other_lat - lat))


def pairs_of(text: str) -> Counter[str]:
    """The pairs of neighbouring letters, digits and Chinese characters of a text's beginning."""
    text = text[:LONGEST_COMPARED]
    plain = [c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum()]
    if len(plain) == 1:
        return Counter(plain)
    return Counter(a + b for a, b in pairwise(plain))


def text_similarity(text: str, other: str) -> float:
    """Share of pairs of characters that both texts have: 1 for the same, 0 for nothing."""
    return pair_similarity(pairs_of(text), pairs_of(other))


def pair_similarity(mine: Counter[str], theirs: Counter[str]) -> float:
    """The same of their pairs."""
    total = mine.total() + theirs.total()
    return 2 * (mine & theirs).total() / total if total else 0.0


def compare(
    apart_m: float, hours: float, similarity: float, category: str, other_category: str
) -> Likeness:
    """How alike two reports are.

    Args:
        apart_m: metres between them.
        hours: between their times, never negative.
        similarity: of their texts, 0 to 1.
        category, other_category: four digits each; the same first two are half as good as all.
    """
    same = 1.0 if category == other_category else 0.5 * (category[:2] == other_category[:2])
    parts = {
        "distance": max(0.0, 1.0 - apart_m / FARTHEST_M),
        "time": max(0.0, 1.0 - hours / LONGEST_H),
        "text": similarity,
        "category": same,
    }
    speaks = {
        "distance": apart_m <= NEAR_M,
        "time": hours <= SOON_H,
        "text": similarity >= ALIKE,
        "category": same == 1.0,
    }
    score = sum(WEIGHTS[name] * part for name, part in parts.items())
    reasons = tuple(name for name in WEIGHTS if speaks[name])
    return Likeness(min(score, 1.0), apart_m, hours, similarity, reasons)

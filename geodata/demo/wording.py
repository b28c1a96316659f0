"""Titles and descriptions of the demo's incidents, put together from templates without a loop.

Templates (`incident_texts.csv`) have the slots {place} (the community), {spot} (something in the
street, `incident_spots.csv`) and {n} (a small number). Nothing in them is about a person.
"""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from geodata.demo.arrays import BoolArray, FloatArray, IntArray

HERE = Path(__file__).parent
_SLOT = re.compile(r"(\{\w+\})")
_HOUSES = 20


class Wording:
    """The templates, read once."""

    def __init__(self) -> None:
        texts = pd.read_csv(HERE / "incident_texts.csv", dtype=str)
        self._texts: dict[tuple[str, str], list[str]] = defaultdict(list)
        for code, kind, text in zip(texts["code"], texts["kind"], texts["text"], strict=True):
            self._texts[code, kind].append(text)
        spots = pd.read_csv(HERE / "incident_spots.csv", dtype=str)
        self._spots: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for kind, urban, text in zip(spots["spot"], spots["urban"], spots["text"], strict=True):
            self._spots[kind, urban == "1"].append(text)

    def write(
        self,
        categories: pd.DataFrame,
        which: IntArray,
        urban: BoolArray,
        places: pa.Array,
        rng: np.random.Generator,
    ) -> tuple[pa.Array, pa.Array]:
        """Title and description of each incident.

        Args:
            categories: the mix, with `code` and `spot`.
            which: row in `categories` of each incident (n).
            urban: whether it happened in an urban community (n).
            places: name of the community (n strings).
            rng: chooses templates, spots and numbers.
        """
        spot = self._draw_spots(categories["spot"].tolist(), which, urban, rng)
        number = _numbers()[rng.integers(0, 28, size=len(which))]
        slots = {"{place}": places, "{spot}": spot, "{n}": pa.array(number)}
        codes = categories["code"].tolist()
        # The same chance for both: the first title goes with the first description.
        chance = rng.random(len(which))
        title = self._fill("title", codes, which, slots, chance)
        return title, self._fill("description", codes, which, slots, chance)

    def _draw_spots(
        self,
        kinds: list[str],
        which: IntArray,
        urban: BoolArray,
        rng: np.random.Generator,
    ) -> pa.Array:
        """A spot for each incident, of the kind of its category, in town or in the country."""
        pool: list[str] = []
        first = np.zeros((len(kinds), 2), dtype=np.int64)
        size = np.zeros((len(kinds), 2), dtype=np.int64)
        for row, kind in enumerate(kinds):
            for town in (False, True):
                found = [form for text in self._spots[kind, town] for form in _forms(text)]
                first[row, int(town)], size[row, int(town)] = len(pool), len(found)
                pool += found
        town_index = urban.astype(np.int64)
        at = first[which, town_index] + (rng.random(len(which)) * size[which, town_index]).astype(
            np.int64
        )
        return pa.array(pool).take(pa.array(at))

    def _fill(
        self,
        kind: str,
        codes: list[str],
        which: IntArray,
        slots: dict[str, pa.Array],
        chance: FloatArray,
    ) -> pa.Array:
        templates: list[str] = []
        first = np.zeros(len(codes), dtype=np.int64)
        size = np.zeros(len(codes), dtype=np.int64)
        for row, code in enumerate(codes):
            first[row], size[row] = len(templates), len(self._texts[code, kind])
            templates += self._texts[code, kind]
        chosen = first[which] + (chance * size[which]).astype(np.int64)
        order = np.argsort(chosen, kind="stable")
        edges = np.searchsorted(chosen[order], np.arange(len(templates) + 1))
        parts = [pa.array([], pa.string())] + [
            _join(template, {slot: slots[slot].take(pa.array(rows)) for slot in slots}, len(rows))
            for template, rows in zip(templates, np.split(order, edges[1:-1]), strict=True)
            if len(rows)
        ]
        back = np.empty(len(order), dtype=np.int64)
        back[order] = np.arange(len(order))
        return pa.concat_arrays(parts).take(pa.array(back))


def _forms(text: str) -> list[str]:
    """All spots a template stands for, {m} a number; each template as likely as another."""
    if "{m}" not in text:
        return [text] * _HOUSES
    return [text.format(m=house) for house in range(1, _HOUSES + 1)]


def _join(template: str, slots: dict[str, pa.Array], count: int) -> pa.Array:
    pieces: list[Any] = [
        slots.get(piece, pa.scalar(piece)) for piece in _SLOT.split(template) if piece
    ]
    if not any(isinstance(piece, pa.Array) for piece in pieces):
        return pa.repeat(pa.scalar(template), count)
    return pc.binary_join_element_wise(*pieces, "")


def _numbers() -> NDArray[np.str_]:
    return np.array([str(value) for value in range(2, 30)])

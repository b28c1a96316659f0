"""The names of a city's areas, ready to be found: exactly, by their beginning, or with a slip."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import ahocorasick
from rapidfuzz import fuzz, process

from geodata.codes import Level
from geodata.gazetteer import names, reading
from geodata.gazetteer.records import Alias, Record

EVERYWHERE = (0, 10**15)
"""The range of all codes: no name in the text says where to look."""
ROAD_REACH = 3.0
"""A place found by the name of a road may lie so many times the radius of the area away."""

_ROAD_ALONE, _ROAD_WITH_DOOR = 0.6, 0.4
_RUNS_ON = 0.55
_MOST_MATCHES = 12
_PREFIX_FLOOR, _PREFIX_GAIN = 0.45, 0.4
_MOST_PREFIXES = 40
# Per cent of likeness: with one character another, with one too few or too many, of the core alone.
_LIKE_LEAST, _LESS_OR_MORE, _LIKE_CORE, _LIKE_SHORT_CORE = 66.0, 80.0, 60.0, 50.0
_LIKE_WORTH = 0.85
_SHORT_CORE = 2  # characters


@dataclass(slots=True)
class Match:
    """A form found in the text, and the records that it may mean with the strength of each."""

    start: int
    end: int
    meant: dict[int, float]
    is_short: bool
    road: bool = False  # read as a road: the point found is only roughly there


@dataclass(slots=True)
class Scored:
    """How well an area answers; its uncertainty is `reach` times its radius."""

    score: float
    reach: float = 1.0


NOTHING = Scored(0.0)


class NameIndex:
    """All forms of all names but those of cells."""

    def __init__(self, records: Iterable[Record], aliases: Sequence[Alias] = ()) -> None:
        """Index the records; aliases of areas that are not among them are ignored."""
        self._areas = {record.code: record for record in records if record.level != Level.CELL}
        extra: dict[int, list[str]] = defaultdict(list)
        for alias in aliases:
            extra[alias.code].append(alias.name)
        forms: dict[str, dict[int, float]] = defaultdict(dict)
        short: dict[str, bool] = {}
        for record in self._areas.values():
            given = (*record.aliases, *extra[record.code])
            for form in names.forms(record.name, record.level, given):
                text = reading.tidy(form.text)
                forms[text][record.code] = max(form.strength, forms[text].get(record.code, 0.0))
                short[text] = short.get(text, True) and form.is_short
        self._forms, self._short = dict(forms), short
        self._automaton = ahocorasick.Automaton()
        for text in forms:
            self._automaton.add_word(text, text)
        if forms:
            self._automaton.make_automaton()
        self._sorted = sorted(
            (reading.tidy(name), record.code)
            for record in self._areas.values()
            for name in (record.name, *record.aliases, *extra[record.code])
        )
        self._by_length: dict[int, dict[int, str]] = defaultdict(dict)
        for record in self._areas.values():
            if record.level in (Level.SUBDISTRICT, Level.COMMUNITY):
                name = reading.tidy(record.name)
                self._by_length[len(name)][record.code] = name

    def matches(self, text: str, crossing: bool) -> list[Match]:
        """The forms in the text, longest first where they overlap, in the order of the text."""
        if not self._forms:
            return []
        spans = [(end + 1 - len(form), end + 1, form) for end, form in self._automaton.iter(text)]
        spans.sort(key=lambda span: (span[0] - span[1], span[0]))
        seen: set[str] = set()
        taken = [False] * len(text)
        chosen = []
        for start, end, form in spans:
            if not any(taken[start:end]) and form not in seen and len(seen) < _MOST_MATCHES:
                seen.add(form)
                taken[start:end] = [True] * (end - start)
                chosen.append(Match(start, end, dict(self._forms[form]), self._short[form]))
        chosen.sort(key=lambda match: match.start)
        return self._believed(text, chosen, crossing)

    def _believed(self, text: str, chosen: list[Match], crossing: bool) -> list[Match]:
        """Without the short forms that the text round them shows to be something else."""
        kept: list[Match] = []
        reached = 0
        for match in chosen:
            if not match.is_short:
                kept.append(match)
                reached = match.end
                continue
            if match.start != reached:  # a short form must begin the text or follow another name
                continue
            worth = self._short_worth(text, match, chosen, crossing)
            if worth > 0:
                match.meant = {code: value * worth for code, value in match.meant.items()}
                kept.append(match)
                reached = match.end
        return kept

    def _short_worth(self, text: str, match: Match, chosen: list[Match], crossing: bool) -> float:
        """How far a name without the word for its kind is believed, 0 for not at all."""
        after = text[match.end :]
        followed = any(other.start == match.end for other in chosen)
        if names.is_road(text[match.start : match.end]):
            if crossing:
                return 0.0
            match.road = not followed
            return (_ROAD_WITH_DOOR if match.road and after else _ROAD_ALONE) / names.SHORT
        if not after or followed:
            return 1.0
        if after.startswith((*names.ROAD_ENDS, "大道")):
            return 0.0
        return _RUNS_ON / names.SHORT if _is_chinese(after[0]) else 1.0

    def beginning_with(self, text: str, scope: tuple[int, int]) -> dict[int, Scored]:
        """Areas inside the scope whose names go on where the text ends."""
        found: dict[int, Scored] = {}
        if not text:
            return found
        low, high = scope
        road = names.is_road(text)
        at = bisect_left(self._sorted, (text, 0))
        while at < len(self._sorted) and len(found) < _MOST_PREFIXES:
            name, code = self._sorted[at]
            if not name.startswith(text):
                break
            if low < code <= high and name != text:
                score = _PREFIX_FLOOR + _PREFIX_GAIN * len(text) / len(name)
                if road:
                    score = min(score, _ROAD_ALONE)
                if code not in found or found[code].score < score:
                    found[code] = Scored(score, ROAD_REACH if road else 1.0)
            at += 1
        return found

    def resembling(self, text: str, scope: tuple[int, int]) -> dict[int, Scored]:
        """Areas inside the scope whose names differ from the beginning of the text by a slip.

        A community of two characters beside the word for its kind says too little to be guessed
        from one of them, unless the scope leaves only the areas of one district or less.
        """
        found: dict[int, Scored] = {}
        if names.is_elsewhere(text):
            return found
        low, high = scope
        scoped = scope != EVERYWHERE
        for length, pool in self._by_length.items():
            inside = {code: name for code, name in pool.items() if low < code <= high}
            for size, least in (
                (length - 1, _LESS_OR_MORE),
                (length, _LIKE_LEAST),
                (length + 1, _LESS_OR_MORE),
            ):
                window = text[:size]
                for name, likeness, code in process.extract(
                    window, inside, scorer=fuzz.ratio, score_cutoff=least, limit=5
                ):
                    score = self._likely(window, name, likeness, code, scoped=scoped)
                    if score > found.get(code, NOTHING).score:
                        found[code] = Scored(score)
        return found

    def _likely(self, window: str, name: str, likeness: float, code: int, *, scoped: bool) -> float:
        """Score of a name that was perhaps meant, 0 if it should not be guessed."""
        level = self._areas[code].level
        core = names.core_of(name, level)
        is_short = len(core) <= _SHORT_CORE
        if is_short and not scoped and level != Level.SUBDISTRICT:
            return 0.0
        own = fuzz.ratio(window[: len(core)], core)
        enough = _LIKE_SHORT_CORE if is_short else _LIKE_CORE
        return _LIKE_WORTH * (likeness + own) / 200.0 if own >= enough else 0.0


def _is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"

"""The search: names found exactly by an automaton, beginnings by bisection, slips by likeness."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import ahocorasick
from rapidfuzz import fuzz, process

from geodata import codes
from geodata.codes import Level
from geodata.gazetteer import names, reading
from geodata.gazetteer.records import Alias, Candidate, Record

MAX_QUERY_CHARS = 200
"""What is typed beyond this is not read."""

_ROAD_ALONE, _ROAD_WITH_DOOR = 0.6, 0.4
_RUNS_ON = 0.55
_AMBIGUOUS, _CONTRADICTED, _ENCLOSING = 0.6, 0.5, 0.5
_UNREAD = {"city": 0.3, "district": 0.5, "subdistrict": 0.75}
_ROAD_REACH = 3.0
_PREFIX_FLOOR, _PREFIX_GAIN = 0.45, 0.4
_MOST_PREFIXES = 40
# Per cent of likeness: with one character another, with one too few or too many, of the core alone.
_LIKE_LEAST, _LESS_OR_MORE, _LIKE_CORE, _LIKE_SHORT_CORE = 66.0, 80.0, 60.0, 50.0
_LIKE_WORTH = 0.85
_SHORT_CORE = 2  # characters
_SWAPPED = 0.6
_BEHIND = 0.9
_CLOSE = 0.05  # what is weaker by more does not make a name ambiguous
_EVERYWHERE = (0, 10**15)


@dataclass(slots=True)
class _Match:
    """A form found in the text, and the records that it may mean with the strength of each."""

    start: int
    end: int
    meant: dict[int, float]
    is_short: bool
    road: bool = False  # read as a road: the point found is only roughly there


@dataclass(slots=True)
class _Scored:
    score: float
    reach: float = 1.0  # the uncertainty is so many times the radius of the area


_NOTHING = _Scored(0.0)


class Gazetteer:
    """An index over the areas of one city; built once, then read by any number of threads.

    Takes about 1 kB a record. Cells are found through their community and their number.
    """

    def __init__(self, records: Iterable[Record], aliases: Sequence[Alias] = ()) -> None:
        """Index the records; aliases of areas that are not among them are ignored."""
        self._records = {record.code: record for record in records}
        extra: dict[int, list[str]] = defaultdict(list)
        for alias in aliases:
            extra[alias.code].append(alias.name)
        forms: dict[str, dict[int, float]] = defaultdict(dict)
        short: dict[str, bool] = {}
        for record in self._records.values():
            if record.level == Level.CELL:
                continue
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
            for record in self._records.values()
            if record.level != Level.CELL
            for name in (record.name, *record.aliases, *extra[record.code])
        )
        self._by_length: dict[int, dict[int, str]] = defaultdict(dict)
        for record in self._records.values():
            if record.level in (Level.SUBDISTRICT, Level.COMMUNITY):
                name = reading.tidy(record.name)
                self._by_length[len(name)][record.code] = name

    def __len__(self) -> int:
        return len(self._records)

    def search(self, text: str, limit: int = 10) -> list[Candidate]:
        """The places that the text may mean, the likeliest first.

        Args:
            text: an address or a part of one, `lon,lat` in degrees (WGS84), or an area code.
            limit: at most so many candidates.
        """
        text = text[:MAX_QUERY_CHARS]
        point = reading.coordinates(text)
        if point is not None:
            return [_of_point(point)][:limit]
        code = reading.code(text)
        if code is not None:
            record = self._records.get(code)
            return [] if record is None else [self._candidate(record, _Scored(1.0))][:limit]
        return self._by_name(reading.tidy(text), limit)

    def _by_name(self, text: str, limit: int) -> list[Candidate]:
        if not text:
            return []
        crossing = reading.is_crossing(text)
        matches = self._matches(text, crossing)
        found = self._from_matches(text, matches, crossing)
        if not crossing:
            _merge(found, self._from_rest(text, matches))
        number = reading.cell_number(text)
        if number is not None:
            self._to_cells(found, number)
        ranked = sorted(
            found.items(), key=lambda item: (-item[1].score, codes.level_of(item[0]).rank, item[0])
        )
        return [self._candidate(self._records[code], scored) for code, scored in ranked[:limit]]

    # --- names that stand in the text -----------------------------------------------------------

    def _matches(self, text: str, crossing: bool) -> list[_Match]:
        """The forms in the text, longest first where they overlap, in the order of the text."""
        if not self._forms:
            return []
        spans = [(end + 1 - len(form), end + 1, form) for end, form in self._automaton.iter(text)]
        spans.sort(key=lambda span: (span[0] - span[1], span[0]))
        taken = [False] * len(text)
        chosen = []
        for start, end, form in spans:
            if not any(taken[start:end]):
                taken[start:end] = [True] * (end - start)
                chosen.append(_Match(start, end, dict(self._forms[form]), self._short[form]))
        chosen.sort(key=lambda match: match.start)
        return self._believed(text, chosen, crossing)

    def _believed(self, text: str, chosen: list[_Match], crossing: bool) -> list[_Match]:
        """Without the short forms that the text round them shows to be something else."""
        kept: list[_Match] = []
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

    def _short_worth(self, text: str, match: _Match, chosen: list[_Match], crossing: bool) -> float:
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

    def _from_matches(self, text: str, matches: list[_Match], crossing: bool) -> dict[int, _Scored]:
        """Each area named in the text that no other named one lies in, and those round it."""
        found: dict[int, _Scored] = {}
        rest = self._rest(text, matches)
        for position, match in enumerate(matches):
            others = matches[:position] + matches[position + 1 :]
            options = self._best_supported(match, others)
            for code, (strength, contradicted) in options.items():
                scored = _Scored(strength, _ROAD_REACH if match.road else 1.0)
                if len(self._rivals(code, options)) > 1:
                    scored.score *= _AMBIGUOUS
                if contradicted:
                    scored.score *= _CONTRADICTED
                if any(self._inside(other, code) for other in others):
                    scored.score *= _ENCLOSING
                elif crossing or rest:
                    scored.score *= _UNREAD.get(self._records[code].level, 1.0)
                if code not in found or found[code].score < scored.score:
                    found[code] = scored
        return found

    def _best_supported(self, match: _Match, others: list[_Match]) -> dict[int, tuple[float, bool]]:
        """Of what a form may mean, that which the other names in the text agree with most.

        The flag says that a name in the text contradicts it.
        """
        told = {
            code: (
                sum(any(codes.contains(up, code) for up in other.meant) for other in others),
                sum(not self._agrees(code, other) for other in others),
            )
            for code in match.meant
        }
        best = max(agree - 2 * against for agree, against in told.values())
        return {
            code: (match.meant[code], against > 0)
            for code, (agree, against) in told.items()
            if agree - 2 * against == best
        }

    @staticmethod
    def _agrees(code: int, other: _Match) -> bool:
        """Whether some area that the other name may mean contains this one or lies in it."""
        return any(codes.contains(up, code) or codes.contains(code, up) for up in other.meant)

    @staticmethod
    def _inside(other: _Match, code: int) -> bool:
        return any(up != code and codes.contains(code, up) for up in other.meant)

    @staticmethod
    def _rivals(code: int, options: dict[int, tuple[float, bool]]) -> list[int]:
        """The options that are at least as high in the tree, itself among them."""
        rank = codes.level_of(code).rank
        return [
            other
            for other in options
            if codes.level_of(other).rank <= rank and options[other][0] >= options[code][0] - _CLOSE
        ]

    # --- what is left over ----------------------------------------------------------------------

    @staticmethod
    def _rest(text: str, matches: list[_Match]) -> str:
        """What follows the last name, up to the first house number."""
        start = matches[-1].end if matches else 0
        return reading.without_door(text[start:])

    def _from_rest(self, text: str, matches: list[_Match]) -> dict[int, _Scored]:
        """Areas of which the rest is the beginning, or which it resembles."""
        rest = self._rest(text, matches)
        scope = self._scope(matches)
        found: dict[int, _Scored] = {}
        if text.endswith(rest):  # nothing behind it: it may be the beginning of a name
            found = self._beginning_with(rest, scope)
            if not matches or matches[-1].is_short:
                found |= self._beginning_with(text, _EVERYWHERE)
        if not found and rest:
            if names.names_an_area(rest) or not names.is_road(rest):
                found = self._resembling(rest, scope)
            if matches and matches[-1].is_short:
                stretch = reading.without_door(text[matches[-1].start :])
                found |= self._resembling(stretch, self._scope(matches[:-1]))
        return found

    def _scope(self, matches: list[_Match]) -> tuple[int, int]:
        """The range of codes in which the rest is looked for: inside the last certain name."""
        for match in reversed(matches):
            if len(match.meant) == 1:
                return codes.code_range(next(iter(match.meant)))
        return _EVERYWHERE

    def _beginning_with(self, text: str, scope: tuple[int, int]) -> dict[int, _Scored]:
        """Areas inside the scope whose names go on where the text ends."""
        found: dict[int, _Scored] = {}
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
                    found[code] = _Scored(score, _ROAD_REACH if road else 1.0)
            at += 1
        return found

    def _resembling(self, text: str, scope: tuple[int, int]) -> dict[int, _Scored]:
        """Areas inside the scope whose names differ from the beginning of the text by a slip.

        A community of two characters beside the word for its kind says too little to be guessed
        from one of them, unless the scope leaves only the areas of one district or less.
        """
        found: dict[int, _Scored] = {}
        if names.is_elsewhere(text):
            return found
        low, high = scope
        scoped = scope != _EVERYWHERE
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
                    if score > found.get(code, _NOTHING).score:
                        found[code] = _Scored(score)
        return found

    def _likely(self, window: str, name: str, likeness: float, code: int, *, scoped: bool) -> float:
        """Score of a name that was perhaps meant, 0 if it should not be guessed."""
        level = self._records[code].level
        core = names.core_of(name, level)
        is_short = len(core) <= _SHORT_CORE
        if is_short and not scoped and level != Level.SUBDISTRICT:
            return 0.0
        own = fuzz.ratio(window[: len(core)], core)
        enough = _LIKE_SHORT_CORE if is_short else _LIKE_CORE
        return _LIKE_WORTH * (likeness + own) / 200.0 if own >= enough else 0.0

    # --- answers --------------------------------------------------------------------------------

    def _to_cells(self, found: dict[int, _Scored], number: int) -> None:
        """Put the cell of that number in place of each community."""
        for code in list(found):
            cell = code + number
            if self._records[code].level == Level.COMMUNITY and cell in self._records:
                found[cell] = found.pop(code)

    def _candidate(self, record: Record, scored: _Scored) -> Candidate:
        chain = codes.chain_of(record.code)
        return Candidate(
            label=self._label(chain) or record.name,
            kind=record.level,
            code=record.code,
            lon=record.lon,
            lat=record.lat,
            score=round(min(scored.score, 1.0), 3),
            uncertainty_m=round(record.radius_m * scored.reach, 1),
            chain=chain,
        )

    def _label(self, chain: tuple[int, ...]) -> str:
        """The names from the district down; one that begins with the name above stands for both."""
        named: list[str] = []
        for code in chain[1:]:
            if code in self._records:
                name = self._records[code].name
                if named and name.startswith(named[-1]):
                    named.pop()
                named.append(name)
        return "".join(named)


def _merge(found: dict[int, _Scored], finer: dict[int, _Scored]) -> None:
    """Add what the rest of the text says; a named area round it stands back behind it."""
    for code, scored in finer.items():
        for around, other in found.items():
            if around != code and codes.contains(around, code):
                other.score = min(other.score, _BEHIND * scored.score)
    for code, scored in finer.items():
        if scored.score > found.get(code, _NOTHING).score:
            found[code] = scored


def _is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _of_point(point: reading.Point) -> Candidate:
    label = f"{point.lon:.6f},{point.lat:.6f}"
    score = _SWAPPED if point.swapped else 1.0
    return Candidate(
        label, "coordinates", None, point.lon, point.lat, score, round(point.uncertainty_m, 1), ()
    )

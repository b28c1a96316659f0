"""The search: weighs the names found in a text against each other and answers with places."""

from collections.abc import Iterable, Sequence

from geodata import codes
from geodata.codes import Level
from geodata.gazetteer import names, reading
from geodata.gazetteer.index import EVERYWHERE, NOTHING, ROAD_REACH, Match, NameIndex, Scored
from geodata.gazetteer.records import Alias, Candidate, Record

MAX_QUERY_CHARS = 200
"""What is typed beyond this is not read."""

_AMBIGUOUS, _CONTRADICTED, _ENCLOSING = 0.6, 0.5, 0.45
_UNREAD = {"city": 0.3, "district": 0.5, "subdistrict": 0.75}
_SWAPPED = 0.6
_BEHIND = 0.9
_CLOSE = 0.05  # what is weaker by more does not make a name ambiguous


class Gazetteer:
    """An index over the areas of one city; built once, then read by any number of threads.

    Takes about 1 kB a record. Cells are found through their community and their number.
    """

    def __init__(self, records: Iterable[Record], aliases: Sequence[Alias] = ()) -> None:
        """Index the records; aliases of areas that are not among them are ignored."""
        self._records = {record.code: record for record in records}
        self._index = NameIndex(self._records.values(), aliases)

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
            return [] if record is None else [self._candidate(record, Scored(1.0))][:limit]
        return self._by_name(reading.tidy(text), limit)

    def _by_name(self, text: str, limit: int) -> list[Candidate]:
        text, cell = reading.cell_number(text)
        if not text:
            return []
        crossing = reading.is_crossing(text)
        matches = self._index.matches(text, crossing)
        found = self._from_matches(text, matches, crossing)
        if not crossing:
            _merge(found, self._from_rest(text, matches), bool(self._rest(text, matches)))
        if cell is not None:
            self._to_cells(found, cell)
        ranked = sorted(
            found.items(), key=lambda item: (-item[1].score, codes.level_of(item[0]).rank, item[0])
        )
        return [self._candidate(self._records[code], scored) for code, scored in ranked[:limit]]

    def _from_matches(self, text: str, matches: list[Match], crossing: bool) -> dict[int, Scored]:
        """Each area named in the text that no other named one lies in, and those round it."""
        found: dict[int, Scored] = {}
        rest = self._rest(text, matches)
        for position, match in enumerate(matches):
            others = matches[:position] + matches[position + 1 :]
            options = self._best_supported(match, others)
            for code, (strength, contradicted) in options.items():
                scored = Scored(strength, ROAD_REACH if match.road else 1.0)
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

    def _best_supported(self, match: Match, others: list[Match]) -> dict[int, tuple[float, bool]]:
        """Of what a form may mean, that which the other names in the text agree with most.

        The flag says that a name in the text contradicts it.
        """
        named = {up for other in others for up in other.meant}
        meant = [code for code in match.meant if code not in named] or list(match.meant)
        told = {
            code: (
                sum(any(codes.contains(up, code) for up in other.meant) for other in others),
                sum(not self._agrees(code, other) for other in others),
            )
            for code in meant
        }
        best = max(agree - 2 * against for agree, against in told.values())
        return {
            code: (match.meant[code], against > 0)
            for code, (agree, against) in told.items()
            if agree - 2 * against == best
        }

    @staticmethod
    def _agrees(code: int, other: Match) -> bool:
        """Whether some area that the other name may mean contains this one or lies in it."""
        return any(codes.contains(up, code) or codes.contains(code, up) for up in other.meant)

    @staticmethod
    def _inside(other: Match, code: int) -> bool:
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

    @staticmethod
    def _rest(text: str, matches: list[Match]) -> str:
        """What follows the last name, up to the first house number."""
        start = matches[-1].end if matches else 0
        return reading.without_door(text[start:])

    def _from_rest(self, text: str, matches: list[Match]) -> dict[int, Scored]:
        """Areas of which the rest is the beginning, or which it resembles."""
        rest = self._rest(text, matches)
        scope = self._scope(matches)
        found: dict[int, Scored] = {}
        if text.endswith(rest):  # nothing behind it: it may be the beginning of a name
            found = self._index.beginning_with(rest, scope)
            if not matches or matches[-1].is_short:
                found |= self._index.beginning_with(text, EVERYWHERE)
        if not found and rest:
            if names.names_an_area(rest) or not names.is_road(rest):
                found = self._index.resembling(rest, scope)
            if matches and matches[-1].is_short:
                stretch = reading.without_door(text[matches[-1].start :])
                found |= self._index.resembling(stretch, self._scope(matches[:-1]))
        return found

    def _scope(self, matches: list[Match]) -> tuple[int, int]:
        """The range of codes in which the rest is looked for: inside the last certain name."""
        for match in reversed(matches):
            if len(match.meant) == 1:
                return codes.code_range(next(iter(match.meant)))
        return EVERYWHERE

    def _to_cells(self, found: dict[int, Scored], number: int) -> None:
        """Put the cell of that number in place of each community."""
        for code in list(found):
            cell = code + number
            if self._records[code].level == Level.COMMUNITY and cell in self._records:
                found[cell] = found.pop(code)

    def _candidate(self, record: Record, scored: Scored) -> Candidate:
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


def _merge(found: dict[int, Scored], finer: dict[int, Scored], unread: bool) -> None:
    """Add what the rest of the text says. If the names leave some of it unread, a named area
    stands back behind one in it that explains the rest."""
    for code, scored in finer.items():
        for around, other in found.items():
            if unread and around != code and codes.contains(around, code):
                other.score = min(other.score, _BEHIND * scored.score)
    for code, scored in finer.items():
        if scored.score > found.get(code, NOTHING).score:
            found[code] = scored


def _of_point(point: reading.Point) -> Candidate:
    label = f"{point.lon:.6f},{point.lat:.6f}"
    score = _SWAPPED if point.swapped else 1.0
    return Candidate(
        label, "coordinates", None, point.lon, point.lat, score, round(point.uncertainty_m, 1), ()
    )

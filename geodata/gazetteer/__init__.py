"""Finding a place from what somebody typed, by the names of the city's own areas.

    gazetteer = Gazetteer(records, aliases)
    gazetteer.search("安宁区安宁西路街道费家营社区3号楼")

Answers are candidates with a score and an uncertainty in metres; nothing is ever looked up
elsewhere. A road is not a community: "天水路与南昌路交叉口" does not find 南昌路社区.
"""

from geodata.gazetteer.records import Alias, Candidate, Record, read_aliases
from geodata.gazetteer.search import MAX_QUERY_CHARS, Gazetteer

__all__ = ["MAX_QUERY_CHARS", "Alias", "Candidate", "Gazetteer", "Record", "read_aliases"]

"""What goes into a gazetteer and what comes out."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Record:
    """A named area.

    Attributes:
        code: 15 digits; its ancestors are the areas with codes above it.
        level: city, district, subdistrict, community or cell.
        name: as the city writes it.
        lon, lat: label point, degrees, EPSG:4326.
        radius_m: how far from that point the area reaches; the uncertainty of an answer that says
            no more than this area.
        aliases: other names, old ones among them.
    """

    code: int
    level: str
    name: str
    lon: float
    lat: float
    radius_m: float
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of an area; one name may stand for several."""

    name: str
    code: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that may have been meant.

    Attributes:
        label: names from the district down, or the coordinates as they were read.
        kind: the level of the area found, or `coordinates`.
        code: of the area; None for coordinates.
        lon, lat: degrees, EPSG:4326.
        score: 0..1, how well the text says this place; 1 leaves no doubt.
        uncertainty_m: the place meant lies within this distance of the point.
        chain: codes from the city down to the area; empty for coordinates.
    """

    label: str
    kind: str
    code: int | None
    lon: float
    lat: float
    score: float
    uncertainty_m: float
    chain: tuple[int, ...]


def read_aliases(path: Path) -> list[Alias]:
    """Aliases from a CSV file with the columns alias and code.

    Raises:
        ValueError: a row without a name or with something else than a number as its code.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        found = [Alias(row["alias"].strip(), int(row["code"])) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name}: not a file of aliases ({error})") from None
    if any(not alias.name for alias in found):
        raise ValueError(f"{path.name}: an alias is empty")
    return found

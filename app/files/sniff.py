"""What a file is, by its content. Its name only tells one kind of text from another."""

from enum import StrEnum
from pathlib import Path

from app.files.archive import open_checked
from app.files.job import FileRefused

ACCEPTED = "GeoJSON, a zipped Shapefile, GeoPackage, CSV and XLSX are accepted"
_HEAD_BYTES = 4096


class Format(StrEnum):
    """The formats that are read."""

    GEOJSON = "GeoJSON"
    SHAPEFILE = "Shapefile"
    GEOPACKAGE = "GeoPackage"
    CSV = "CSV"
    XLSX = "XLSX"


def format_of(path: Path, name: str) -> Format:
    """The format of a file.

    Args:
        path: the file.
        name: what its sender calls it.

    Raises:
        FileRefused: none that is accepted; says what it is instead, where that can be told.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip():
        raise FileRefused("The file is empty.")
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _in_archive(path)
    if head.startswith(b"SQLite format 3\x00"):
        return Format.GEOPACKAGE
    text = head.lstrip(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"{", b"[")):
        return Format.GEOJSON
    if text.startswith(b"<"):
        raise FileRefused(f"The file is {_xml_kind(text)}, which is not accepted. {ACCEPTED}.")
    if head.startswith(b"\x00\x00\x27\x0a"):
        raise FileRefused("A bare .shp is not enough: zip it with its .shx, .dbf and .prj.")
    is_text = b"\x00" not in head and name.lower().endswith((".csv", ".txt", ".tsv"))
    if is_text:
        return Format.CSV
    raise FileRefused(f"The file is of no known kind. {ACCEPTED}.")


def _in_archive(path: Path) -> Format:
    with open_checked(path) as archive:
        names = [entry.filename.lower() for entry in archive.infolist()]
    if "xl/workbook.xml" in names:
        return Format.XLSX
    if any(name.endswith(".shp") for name in names):
        return Format.SHAPEFILE
    if any(name.endswith(".kml") for name in names):
        raise FileRefused(f"The archive holds KML, which is not accepted. {ACCEPTED}.")
    raise FileRefused(f"The archive holds no .shp. {ACCEPTED}.")


def _xml_kind(text: bytes) -> str:
    lower = text.lower()
    for mark, kind in ((b"<kml", "KML"), (b"<ogrvrt", "a GDAL VRT"), (b"<vrt", "a GDAL VRT"),
                       (b"gml", "GML"), (b"<svg", "SVG"), (b"<html", "HTML")):  # fmt: skip
        if mark in lower:
            return kind
    return "XML"

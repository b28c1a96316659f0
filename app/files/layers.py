"""Shapefile and GeoPackage, through GDAL with two drivers and no others."""

import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.raw import read as gdal_read

from app.files.archive import open_checked, unpack
from app.files.job import FileRefused
from app.files.table import RawTable, Wanted
from app.files.tabular import codec

DRIVERS = ("ESRI Shapefile", "GPKG")
NEEDED_PARTS = (".shx", ".dbf")
# The name under which GDAL hands over the bytes of a text one by one, as characters of Latin-1.
GDAL_BYTES = "ISO-8859-1"
# Language ids of a .dbf header that say Chinese; 0x00 says nothing.
_DBF_CHINESE = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5", 0x78: "big5"}


def drivers_to_skip() -> str:
    """The value of GDAL_SKIP that leaves only our two vector drivers."""
    return ",".join(sorted(set(pyogrio.list_drivers()) - set(DRIVERS)))


def check_drivers() -> None:
    """Make sure that GDAL in this process knows our two drivers only.

    Raises:
        FileRefused: it knows others; then it must open nothing.
    """
    if set(pyogrio.list_drivers()) != set(DRIVERS):
        raise FileRefused("GDAL could not be limited to the accepted formats; nothing was read.")


def read_shapefile(path: Path, layer: str | None, encoding: str | None, wanted: Wanted) -> RawTable:
    """The records of a zipped Shapefile, with the wanted columns.

    Raises:
        FileRefused: parts are missing, several layers and none named, or GDAL cannot read it.
    """
    folder = path.parent / "shapefile"
    folder.mkdir()
    with open_checked(path) as archive:
        stem, parts = _parts(archive, layer)
        missing = [part for part in NEEDED_PARTS if part not in parts]
        if missing:
            raise FileRefused(f"{stem}.shp stands without its {' and '.join(missing)}.")
        for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
            if suffix in parts:
                unpack(archive, parts[suffix], folder / f"layer{suffix}")
    texts = _Texts(*_dbf_encoding(folder, encoding))
    table = _read(folder / "layer.shp", None, PurePosixPath(stem).name, wanted, texts)
    projection = folder / "layer.prj"
    if not projection.exists():
        table.carried_crs = None
    return table


def _parts(archive: zipfile.ZipFile, layer: str | None) -> tuple[str, dict[str, zipfile.ZipInfo]]:
    stems: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for entry in archive.infolist():
        if "__MACOSX" not in entry.filename:
            path = PurePosixPath(entry.filename)
            stems.setdefault(str(path.with_suffix("")), {})[path.suffix.lower()] = entry
    layers = {stem: parts for stem, parts in stems.items() if ".shp" in parts}
    named = {PurePosixPath(stem).name: stem for stem in layers}
    if layer is not None:
        if layer not in named:
            raise _unknown(layer, list(named))
        return named[layer], layers[named[layer]]
    if len(layers) != 1:
        raise _unnamed(list(named))
    return next(iter(layers.items()))


def _unknown(layer: str, layers: Sequence[str]) -> FileRefused:
    return FileRefused(f"There is no layer {layer!r}; there are {', '.join(layers)}.", layers)


def _unnamed(layers: Sequence[str]) -> FileRefused:
    there = ", ".join(layers) or "none"
    return FileRefused(f"Name a layer by --layer; there are {there}.", layers)


def _dbf_encoding(folder: Path, declared: str | None) -> tuple[str, bool]:
    """The encoding of the texts, and whether somebody has said so."""
    if declared is not None:
        return codec(declared) or "utf-8", True
    page = folder / "layer.cpg"
    if page.exists():
        return codec(page.read_bytes()[:40].decode("ascii", "replace").strip()) or "utf-8", True
    with (folder / "layer.dbf").open("rb") as file:
        language = file.read(30)[29:30]
    chosen = _DBF_CHINESE.get(language[0] if language else 0)
    return (chosen, True) if chosen else ("utf-8", False)


@dataclass(frozen=True)
class _Texts:
    """How the bytes of texts are read, that GDAL hands over one by one.

    Attributes:
        encoding: as Python knows it.
        sure: somebody has said so.
    """

    encoding: str
    sure: bool

    def value(self, value: Any) -> Any:
        """A value of a column; what is no text as it is.

        Raises:
            FileRefused: it is not in that encoding.
        """
        if not isinstance(value, str):
            return value
        try:
            return value.encode("latin-1").decode(self.encoding)
        except UnicodeDecodeError:
            raise self._refusal() from None

    def name(self, name: str) -> str:
        """The name of a column, which may be cut off within a character.

        Raises:
            FileRefused: it is not in that encoding, which nobody has named.
        """
        given = name.encode("latin-1")
        try:
            return given.decode(self.encoding)
        except UnicodeDecodeError:
            if not self.sure:
                raise self._refusal() from None
            return given.decode(self.encoding, "ignore")

    def _refusal(self) -> FileRefused:
        said = f"says {self.encoding}"
        if not self.sure:
            said = "does not say its encoding, and is not utf-8"
        return FileRefused(
            f"The texts cannot be read: the file {said}. Say --encoding, for example gbk."
        )


def read_geopackage(path: Path, layer: str | None, wanted: Wanted) -> RawTable:
    """The features of one layer of a GeoPackage, with the wanted columns.

    Raises:
        FileRefused: several layers and none named, a layer that is a view, or GDAL cannot read it.
    """
    own = path.parent / "layer.gpkg"
    path.rename(own)
    views = _drop_views(own)
    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(own) if kind is not None]
    except Exception as error:
        raise FileRefused(f"The GeoPackage cannot be read: {_short(error)}.") from None
    if layer in views or (layer is None and views and not layers):
        raise FileRefused(
            f"{layer or views[0]} is a view, which computes its rows; store them as a layer."
        )
    if layer is not None and layer not in layers:
        raise _unknown(layer, layers)
    if layer is None and len(layers) != 1:
        raise _unnamed(layers)
    chosen = layer or layers[0]
    return _read(own, chosen, chosen, wanted)


def _drop_views(path: Path) -> list[str]:
    """Take the views out of our own copy, and say which there were: one can go on without end, and
    whoever opens the file may already ask it."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as base:
            base.execute("PRAGMA trusted_schema = OFF")
            found = base.execute("SELECT name FROM sqlite_schema WHERE type = 'view'").fetchall()
            views = [str(name) for (name,) in found]
            for view in views:
                quoted = view.replace('"', '""')
                base.execute(f'DROP VIEW "{quoted}"')
    except sqlite3.Error as error:
        raise FileRefused(f"The GeoPackage cannot be read: {_short(error)}.") from None
    return views


def _read(
    path: Path, layer: str | None, shown: str, wanted: Wanted, texts: _Texts | None = None
) -> RawTable:
    """
    Args:
        shown: what its sender calls the layer.
        texts: how the bytes of texts are read; None where GDAL knows.
    """
    encoding = GDAL_BYTES if texts is not None else None
    try:
        given = [str(name) for name in pyogrio.read_info(path, layer, encoding)["fields"]]
        shown_as = {name: texts.name(name) if texts is not None else name for name in given}
        meta, fids, wkb, fields = gdal_read(
            path,
            layer=layer,
            encoding=encoding,
            columns=[name for name in given if wanted(shown_as[name])],
            force_2d=True,
            return_fids=True,
            datetime_as_string=True,
        )
    except FileRefused:
        raise
    except Exception as error:
        raise FileRefused(f"The file cannot be read: {_short(error)}.") from None
    if wkb is None:
        raise FileRefused(f"The layer {shown} has no geometry.")
    geometries = shapely.from_wkb(wkb, on_invalid="ignore")
    unreadable = (shapely.is_missing(geometries)) & np.array([part is not None for part in wkb])
    faults = {
        int(row): "cannot be read: a ring is not closed or has too few corners"
        for row in np.flatnonzero(unreadable)
    }
    columns = {
        shown_as[str(name)]: [texts.value(one) for one in values.tolist()]
        if texts is not None
        else values.tolist()
        for name, values in zip(meta["fields"], fields, strict=True)
    }
    return RawTable(
        numbers=np.arange(1, len(fids) + 1),
        columns=columns,
        names=list(shown_as.values()),
        geometries=geometries,
        faults=faults,
        carried_crs=meta["crs"],
        layer=shown,
    )


def _short(error: Exception) -> str:
    # GDAL repeats our own path, which says nothing to the sender.
    return str(error).splitlines()[0].split("; ")[-1][:200] if str(error) else "no reason given"

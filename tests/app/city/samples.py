"""Files of a city, as a surveying office would send them: made from the demo's bundle."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
from shapely.geometry import mapping
from sqlalchemy import Engine

from app.city import service
from app.city.importing.report import ImportReport, Kind
from app.city.importing.work import Options
from app.core.clock import utc_now
from geodata.progress import Silent


@dataclass(frozen=True)
class Samples:
    """Frames of the bundle, and ways to write them down."""

    bundle: Path
    folder: Path

    @property
    def areas(self) -> gpd.GeoDataFrame:
        """City, district, towns and communities."""
        frame = gpd.read_parquet(self.bundle / "areas.parquet")
        return frame[frame["level"] != "cell"].drop(columns=["parent_code", "locked", "level"])

    @property
    def cells(self) -> gpd.GeoDataFrame:
        """The 336 cells."""
        frame = gpd.read_parquet(self.bundle / "areas.parquet")
        wanted = frame[frame["level"] == "cell"].reset_index(drop=True)
        return wanted[["code", "name", "kind", "households", "residents", "geometry"]]

    @property
    def units(self) -> gpd.GeoDataFrame:
        """The base units."""
        return gpd.read_parquet(self.bundle / "units.parquet")

    @property
    def stations(self) -> gpd.GeoDataFrame:
        """All stations, with lon and lat columns beside their points."""
        frame = gpd.read_parquet(self.bundle / "stations.parquet").drop(columns="station_id")
        return frame.assign(lon=frame.geometry.x, lat=frame.geometry.y)

    def cases(self, count: int) -> pd.DataFrame:
        """Cases of the demo, with times written as the city's local ones."""
        frame = pd.read_parquet(self.bundle / "incidents.parquet").head(count)
        for name in ("occurred_at", "reported_at"):
            local = frame[name].dt.tz_convert("Asia/Shanghai")
            frame[name] = local.dt.strftime("%Y-%m-%d %H:%M:%S")
        return frame.drop(columns=["no", "cell_code", "status", "closed_at"])

    def geojson(self, frame: gpd.GeoDataFrame, **members: Any) -> Path:
        """A FeatureCollection; `members` are added at its top."""
        rows = frame.drop(columns="geometry").to_dict("records")
        features = [
            {"type": "Feature", "properties": row, "geometry": mapping(geometry)}
            for row, geometry in zip(rows, frame.geometry, strict=True)
        ]
        return self.json({"type": "FeatureCollection", **members, "features": features})

    def json(self, document: object) -> Path:
        """Any JSON document."""
        path = self._new("geojson")
        path.write_text(json.dumps(document, default=str), encoding="utf-8")
        return path

    def geopackage(self, frame: gpd.GeoDataFrame, layer: str = "layer") -> Path:
        """A GeoPackage of one layer."""
        path = self._new("gpkg")
        frame.to_file(path, layer=layer, driver="GPKG")
        return path

    def shapefile(
        self, frame: gpd.GeoDataFrame, encoding: str = "utf-8", without: tuple[str, ...] = ()
    ) -> Path:
        """A zipped Shapefile, without the parts named by their endings."""
        folder = self._new("parts")
        folder.mkdir()
        frame.to_file(folder / "网格.shp", driver="ESRI Shapefile", encoding=encoding)
        path = self._new("zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(folder.iterdir()):
                if part.suffix not in without:
                    archive.write(part, f"数据/{part.name}")
        return path

    def csv(self, frame: pd.DataFrame, encoding: str = "utf-8") -> Path:
        """A CSV file."""
        path = self._new("csv")
        frame.to_csv(path, index=False, encoding=encoding)
        return path

    def xlsx(self, frame: pd.DataFrame, sheets: tuple[str, ...] = ("Sheet1",)) -> Path:
        """A workbook whose sheets all hold the same table."""
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for name in sheets:
            sheet = book.create_sheet(name)
            sheet.append(list(frame.columns))
            for row in frame.itertuples(index=False):
                sheet.append([None if pd.isna(value) else value for value in row])
        path = self._new("xlsx")
        book.save(path)
        return path

    def _new(self, suffix: str) -> Path:
        return self.folder / f"文件 {len(list(self.folder.iterdir()))}.{suffix}"


@dataclass(frozen=True)
class Importer:
    """Imports files into one database."""

    engine: Engine
    now: Callable[[], datetime] = utc_now

    def __call__(self, kind: str, path: Path, **declared: Any) -> ImportReport:
        """Import, as the command does."""
        return service.import_file(
            self.engine, Kind(kind), path, Options(**declared), progress=Silent(), now=self.now()
        )

"""Folium maps that open without internet.

Folium writes links to public script servers into its pages. Here the same Leaflet that our own
page uses stands in the page itself, and there is no base map.
"""

from base64 import b64encode
from pathlib import Path

import folium

LEAFLET = Path(__file__).resolve().parents[1] / "app" / "web" / "node_modules" / "leaflet" / "dist"


def _data_url(path: Path, media_type: str) -> str:
    return f"data:{media_type};base64,{b64encode(path.read_bytes()).decode()}"


def offline_map(bounds_deg: tuple[float, float, float, float], height_px: int = 520) -> folium.Map:
    """An empty map over a window.

    Args:
        bounds_deg: west, south, east, north in degrees (EPSG:4326).
        height_px: height of the map in the notebook.

    Raises:
        FileNotFoundError: the page's packages are not installed; run scripts/setup.
    """
    west, south, east, north = bounds_deg
    page = folium.Map(
        tiles=None, height=height_px, prefer_canvas=True, zoom_snap=0.25, control_scale=True
    )
    # Markers would ask for icons; we draw areas and circles only.
    page.default_js = [("leaflet", _data_url(LEAFLET / "leaflet.js", "text/javascript"))]
    page.default_css = [("leaflet_css", _data_url(LEAFLET / "leaflet.css", "text/css"))]
    page.fit_bounds([[south, west], [north, east]])
    return page

"""The server carries only what it serves with."""

import subprocess
import sys

HEAVY = (
    "pandas",
    "geopandas",
    "pyarrow",
    "pyogrio",
    "folium",
    "openpyxl",
    "matplotlib",
    "scipy.ndimage",
    "scipy.sparse",
    "scipy.special",
)


def test_the_server_imports_no_file_reader() -> None:
    """Arrow and its kin belong to loading and notebooks; each costs memory and a second."""
    code = f"import sys, app.main; print([m for m in {HEAVY!r} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"

"""Every notebook runs from its first cell to its last; its map opens offline."""

import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import Browser
from sqlalchemy import URL

from tests.chromium import watched

ROOT = Path(__file__).resolve().parents[1]
PAINTED_SHARE = """() => {
    const canvas = document.querySelector('.leaflet-container canvas')
    const { width, height } = canvas
    const data = canvas.getContext('2d').getImageData(0, 0, width, height).data
    let painted = 0
    for (let i = 3; i < data.length; i += 4) painted += data[i] > 0 ? 1 : 0
    return painted / (width * height)
}"""
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def _execute(
    notebook: Path, folder: Path, database: URL, bundle: Path, patch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(notebook.parent, folder, ignore=shutil.ignore_patterns("*.html"))
    # The helper beside the notebooks finds Leaflet from where it stands.
    for name in ("app", "geodata", "tiles"):
        (folder.parent / name).symlink_to(ROOT / name)
    patch.setenv("MINQING_DATABASE_URL", database.render_as_string(hide_password=False))
    patch.setenv("MINQING_CITY_BUNDLE", str(bundle))
    patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(folder)]))
    book = nbformat.read(folder / notebook.name, as_version=4)
    NotebookClient(
        book, timeout=180, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_and_its_map_opens_without_internet(
    *,
    notebook: Path,
    tmp_path: Path,
    city_database: URL,
    test_city_bundle: Path,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cell that raises fails here; so does a map that asks for anything outside its own file."""
    folder = tmp_path / "notebooks"
    _execute(notebook, folder, city_database, test_city_bundle, monkeypatch)
    page_file = folder / f"{notebook.stem}.html"
    with watched(browser) as (context, page, _):
        context.set_offline(True)
        page.goto(page_file.as_uri())
        page.wait_for_selector(".leaflet-container canvas")
        painted = page.evaluate(PAINTED_SHARE)
    assert painted > 0.05, "the map is empty"

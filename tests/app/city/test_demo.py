"""The demo city from the command line, and at the first start of a server."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, Engine

from app.city import demo, service
from app.city.errors import BundleError, DemoError
from app.core.clock import utc_now
from app.core.db import conninfo
from app.core.settings import Settings
from geodata.demo import Recipe
from geodata.demo.recipe import RECIPE_VERSION
from geodata.progress import Silent
from tests import staff
from tests.app.city.test_loading import ask
from tests.conftest import SOURCES, TEST_DISTRICT, run_command

ROOT = Path(__file__).resolve().parents[3]
SMALL = Recipe(districts=(TEST_DISTRICT,), incidents=100)


@pytest.fixture
def data_dir(test_city_bundle: Path, tmp_path: Path) -> Path:
    """A data directory in which the demo stands built: in its place, the small test city."""
    shutil.copytree(test_city_bundle, tmp_path / "city" / service.DEMO_NAME)
    (tmp_path / "sources").symlink_to(SOURCES)
    return tmp_path


def command(data_dir: Path, url: URL, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `minqing city …` over a database."""
    address = url.render_as_string(hide_password=False)
    env = {"MINQING_DATA_DIR": str(data_dir), "MINQING_DATABASE_URL": address, "COLUMNS": "200"}
    return run_command("city", *words, env=env)


def test_the_demo_is_loaded_once(empty_engine: Engine, data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    report = service.ensure_demo_city(empty_engine, settings, Silent())
    assert report is not None and report.rows["area"] == 401
    assert service.ensure_demo_city(empty_engine, settings, Silent()) is None


@pytest.mark.parametrize("damage", ["old recipe", "truncated"])
def test_a_half_built_demo_is_built_anew(
    empty_engine: Engine, data_dir: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The whole city takes minutes: what is looked at is that it is built, not how large it is.
    monkeypatch.setattr(demo, "Recipe", lambda: SMALL)
    bundle = data_dir / "city" / service.DEMO_NAME
    match damage:
        case "no manifest":
            (bundle / "manifest.json").unlink()
        case "old recipe":
            path = bundle / "manifest.json"
            path.write_text(json.dumps({**json.loads(path.read_text()), "recipe": "0"}))
        case "truncated":
            (bundle / "units.parquet").write_bytes(b"PAR1")
        case "missing":
            shutil.rmtree(bundle)
    report = service.ensure_demo_city(empty_engine, Settings(data_dir=data_dir), Silent())
    assert report is not None
    assert report.rows["incident"] + report.later_incidents == 100
    assert json.loads((bundle / "manifest.json").read_text())["recipe"] == RECIPE_VERSION


def test_a_missing_source_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="scripts/setup"):
        demo.build(demo.Places(tmp_path), "x", SMALL, Silent(), force=False)
    assert not list((tmp_path / "city").glob("x*"))


def test_another_recipe_needs_force(data_dir: Path) -> None:
    places = demo.Places(data_dir)
    with pytest.raises(BundleError, match="--force"):
        demo.build(places, service.DEMO_NAME, SMALL, Silent(), force=False)
    assert demo.build(places, service.DEMO_NAME, SMALL, Silent(), force=True)
    assert not demo.build(places, service.DEMO_NAME, SMALL, Silent(), force=False)


def test_status_says_what_is_loaded(empty_database: URL, data_dir: Path) -> None:
    nothing = command(data_dir, empty_database, "status")
    assert nothing.returncode == 1
    assert "No city is loaded." in nothing.stderr
    loaded = command(data_dir, empty_database, "load")
    assert loaded.returncode == 0, loaded.stderr
    status = command(data_dir, empty_database, "status")
    assert status.returncode == 0
    for words in ("兰州市", "演示数据", "336", "boundary version"):
        assert words in status.stdout


def test_wrong_words_end_in_one_sentence(empty_database: URL, data_dir: Path) -> None:
    for words, sentence in (
        (("load", "nowhere"), "no complete bundle"),
        (("load", "../x"), "not a plain folder name"),
        (("build", "--districts", "110101", "--name", "y"), "not a district"),
        (("import", "cells", "/nowhere/x.geojson"), "cannot be opened"),
    ):
        done = command(data_dir, empty_database, *words)
        assert done.returncode == 1, done
        assert sentence in done.stderr.replace("\n", " "), done.stderr
        assert "Traceback" not in done.stderr


def test_import_from_the_command_line(empty_database: URL, data_dir: Path, tmp_path: Path) -> None:
    import geopandas as gpd

    frame = gpd.read_parquet(data_dir / "city" / service.DEMO_NAME / "areas.parquet")
    path, report = tmp_path / "areas.gpkg", tmp_path / "refused.csv"
    areas = frame[frame["level"] != "cell"]
    areas.to_file(path, driver="GPKG")
    done = command(data_dir, empty_database, "import", "areas", str(path))
    assert done.returncode == 0, done.stderr
    assert "Imported 65 areas" in done.stdout
    bad = areas.assign(name="[red]x[/red]\x1b[31m", code=areas["code"].astype(str) + "x")
    bad.to_file(path, driver="GPKG")
    done = command(data_dir, empty_database, "import", "areas", str(path), "--report", str(report))
    assert done.returncode == 1
    assert "65 of 65 rows refused" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "Nothing was imported" in done.stderr
    assert len(report.read_text(encoding="utf-8-sig").splitlines()) > 65


def test_ctrl_c_leaves_nothing_half_loaded(
    empty_engine: Engine, empty_database: URL, data_dir: Path
) -> None:
    url = empty_database.render_as_string(hide_password=False)
    # Somebody else holds a table that it writes, so that it is surely under way when it is stopped.
    with psycopg.connect(conninfo(empty_database)) as other:
        other.execute("LOCK TABLE base_unit IN SHARE MODE")
        loader = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "city", "load"],
            env={**os.environ, "MINQING_DATA_DIR": str(data_dir), "MINQING_DATABASE_URL": url},
            cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND NOT granted"
        while not ask(empty_engine, waiting):
            assert loader.poll() is None
        loader.send_signal(signal.SIGINT)
        _, said = loader.communicate(timeout=60)
    assert loader.returncode == 130
    assert "Traceback" not in said
    assert service.city_status(empty_engine, utc_now()) is None


def test_a_first_start_serves_the_demo(empty_database: URL, data_dir: Path) -> None:
    from tests.server import serving

    with serving(empty_database, MINQING_DATA_DIR=str(data_dir)) as server:
        city = staff.get(f"{server.base_url}/api/v1/city", timeout=10).json()
        assert city["counts"]["cell"] == 336
        assert city["demo"] is True

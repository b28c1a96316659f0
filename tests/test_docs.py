"""Documentation that fails the build when the code has moved on."""

import enum
import importlib
import json
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from app.core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
VOCABULARIES = (
    "app.identity.rules",
    "app.identity.audit_words",
    "app.incidents.rules",
    "app.incidents.attachments.rules",
    "app.incidents.clocks.limits",
    "app.incidents.clocks.rules",
    "app.dispatch.rules",
    "app.warnings.rules",
    "app.mediation.rules",
    "app.planning.rules",
    "geodata.codes",
)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there."""
    text = page.read_text(encoding="utf-8")
    missing = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    assert not missing


def _words() -> list[str]:
    modules = [importlib.import_module(name) for name in VOCABULARIES]
    enums = [
        item
        for module in modules
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, enum.StrEnum) and item is not enum.StrEnum
    ]
    return sorted({member.value for vocabulary in enums for member in vocabulary})


def test_the_glossary_has_every_code_word() -> None:
    """A word of a rule that the glossary does not explain is a word that somebody will misuse."""
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`([a-z_]+)`", glossary))
    assert not set(_words()) - explained


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_both_readmes_name_the_commands_and_settings(readme: str) -> None:
    """The two commands and every setting stand in both languages."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    settings = {f"MINQING_{name.upper()}" for name in Settings.model_fields}
    wanted = {"scripts/run", "scripts/test", *settings}
    assert not {word for word in wanted if word not in text}


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda p: p.stem
)
def test_a_decision_fits_on_a_page_and_names_what_lost(page: Path) -> None:
    """One page; and whoever wants to change it must see what was already weighed."""
    text = page.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 70
    for heading in ("## Context", "## Decision", "## What lost", "## Consequences"):
        assert heading in text


def _declared() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = chain.from_iterable(project["optional-dependencies"].values())
    python = [*project["dependencies"], *extras]
    web = json.loads((ROOT / "app" / "web" / "package.json").read_text(encoding="utf-8"))
    names = [re.split(r"[\[<>=~! ]", line)[0] for line in python]
    return [*names, *web.get("dependencies", {}), *web.get("devDependencies", {})]


def test_every_declared_dependency_has_its_licence_listed() -> None:
    """A dependency comes in with its licence looked at."""
    listed = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    missing = [name for name in _declared() if f"| {name} |" not in listed]
    assert not missing, f"look at their licences and add them to docs/licences.md: {missing}"

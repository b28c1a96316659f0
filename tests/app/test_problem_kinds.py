"""Every kind of refusal is in the API document, and only those: the page has a text for each."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from app.core.problem_docs import SLUGS

APP = Path(__file__).resolve().parents[2] / "app"


def sources() -> Iterator[ast.Module]:
    """Every file of the server."""
    for file in sorted(APP.rglob("*.py")):
        if "node_modules" not in file.parts:
            yield ast.parse(file.read_text("utf-8"))


def takers(tree: ast.Module) -> dict[str, int]:
    """What a file calls with a slug, and the place of the slug among its arguments."""
    found = {"Problem": 1, "of_field": 1}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args]
            if "slug" in names:
                found[node.name] = names.index("slug")
    return found


def pattern(node: ast.expr) -> str | None:
    """A slug as it is written, with anything where something is filled in; None for a variable."""
    match node:
        case ast.Constant(value=str(slug)):
            return re.escape(slug)
        case ast.JoinedStr(values=parts):
            return "".join(pattern(part) or "[a-z]+" for part in parts)
        case _:
            return None


def raised() -> set[str]:
    """Patterns of the slugs with which something is refused."""
    found = set()
    for tree in sources():
        places = takers(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name in places and len(node.args) > places[name]:
                    slug = pattern(node.args[places[name]])
                    found |= {slug} if slug is not None else set()
    return found


def test_every_kind_is_documented() -> None:
    """Each slug in the sources is one of `SLUGS`."""
    found = raised()
    assert len(found) > 30
    assert [slug for slug in sorted(found) if not any(re.fullmatch(slug, k) for k in SLUGS)] == []


def test_nothing_is_documented_that_is_never_said() -> None:
    """Each of `SLUGS` is in the sources."""
    found = raised()
    assert [k for k in SLUGS if not any(re.fullmatch(slug, k) for slug in found)] == []
    assert list(SLUGS) == sorted(set(SLUGS))

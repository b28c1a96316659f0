"""House rules that imports cannot hold, each with the reason it exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sorted(p for room in ("app", "geodata", "tiles") for p in (ROOT / room).rglob("*.py")
                if "node_modules" not in p.parts)  # fmt: skip
ROUTES = [p for p in PYTHON if p.stem == "routes" or p.stem.endswith("_routes")]
# A bare quantity of these does not say in which unit it is.
QUANTITY = re.compile(
    r"(^|_)(distance|tolerance|radius|bandwidth|spacing|perimeter|length|buffer)$"
)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func)


@pytest.mark.parametrize("path", PYTHON, ids=_name)
def test_only_core_db_commits(path: Path) -> None:
    """A commit elsewhere would split a request into halves that can be lost apart."""
    if _name(path) == "app/core/db.py":
        return
    commits = [c.lineno for c in _calls(_tree(path)) if _called(c).endswith(".commit")]
    assert not commits, f"commit() at lines {commits}; use app.core.db.writing"


@pytest.mark.parametrize("path", PYTHON, ids=_name)
def test_what_became_of_a_case_is_looked_at(path: Path) -> None:
    """A case that is carried may have stayed where it was; whoever asked for it has to know."""
    statements = (node for node in ast.walk(_tree(path)) if isinstance(node, ast.Expr))
    dropped = [s for s in statements if isinstance(s.value, ast.Call)
               and _called(s.value).split(".")[-1] in {"carry"}]  # fmt: skip
    assert dropped == []


@pytest.mark.parametrize("path", PYTHON, ids=_name)
def test_events_name_their_audience(path: Path) -> None:
    """Beside the topic, where a reader sees it; and nothing reaches the outbox past it."""
    if _name(path) == "app/core/outbox.py":
        return
    tree = _tree(path)
    emitted = [ast.unparse(call) for call in _calls(tree) if _called(call) == "emit"]
    assert [call for call in emitted if ", Audience." not in call] == []
    if any(_called(call) == "emit_all" for call in _calls(tree)):
        assert "Audience." in ast.unparse(tree)
    written = path.read_text(encoding="utf-8").split("INSERT INTO outbox")[1:]
    assert [part[:60] for part in written if "audience" not in part[:60]] == []


@pytest.mark.parametrize("path", ROUTES, ids=_name)
def test_routes_hold_no_sql(path: Path) -> None:
    """Routes parse and authorise; a query in one of them escapes scope and review."""
    tree = _tree(path)
    found = [c.lineno for c in _calls(tree) if _called(c) in {"select", "text", "sa.select"}]
    assert not found, f"SQL at lines {found}; it belongs into queries.py"


@pytest.mark.parametrize("path", [p for p in PYTHON if "app" not in p.parts], ids=_name)
def test_quantities_name_their_unit(path: Path) -> None:
    """`tolerance=5` was half a pixel to one reader and five degrees to another."""
    functions = (n for n in ast.walk(_tree(path)) if isinstance(n, ast.FunctionDef))
    bare = [
        f"{function.name}({argument.arg})"
        for function in functions
        for argument in (*function.args.args, *function.args.kwonlyargs)
        if argument.annotation is not None
        and ast.unparse(argument.annotation) in {"float", "int"}
        and QUANTITY.search(argument.arg)
    ]
    assert not bare, f"without unit (_m, _deg, _px, …): {bare}"


@pytest.mark.parametrize("path", PYTHON, ids=_name)
def test_randomness_is_seeded(path: Path) -> None:
    """A city, a plan or a test that cannot be made again cannot be discussed."""
    tree = _tree(path)
    imported = [n for n in ast.walk(tree) if isinstance(n, ast.Import)]
    assert not any(a.name == "random" for n in imported for a in n.names), "use a numpy Generator"
    for call in _calls(tree):
        name = _called(call)
        assert not re.fullmatch(
            r"(np|numpy)\.random\.(?!default_rng|Generator|SeedSequence)\w+", name
        )
        if name.endswith("default_rng"):
            assert call.args, f"default_rng() without a seed at line {call.lineno}"


WEB = sorted(p for kind in ("*.ts", "*.tsx") for p in (ROOT / "app" / "web" / "src").rglob(kind))


@pytest.mark.parametrize("path", WEB, ids=_name)
def test_text_reaches_the_page_as_text_nodes_only(path: Path) -> None:
    """Leaflet renders a string given to a popup as HTML by design; so does innerHTML."""
    source = path.read_text(encoding="utf-8")
    banned = re.findall(
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML"
        r"|bindPopup|bindTooltip|setPopupContent|setTooltipContent)\b",
        source,
    )
    assert not banned, f"{banned}: build nodes with text instead"


OUTSIDE = re.compile(r"https?://(?!127\.0\.0\.1|localhost|\[::1\]|testserver)[\w.-]+")
# Names of things, never addresses that anything asks for.
NAMESPACES = (
    "http://www.w3.org",
    "http://www.opengis.net",
    "https://json-schema.org",
    "https://spec.openapis.org",
    "http://www.apache.org",
    "http://schemas.openxmlformats.org",
    "https://hotline.example",  # in the API's examples; a name that can never be anybody's
)


@pytest.mark.parametrize("path", [*PYTHON, *WEB], ids=_name)
def test_nothing_points_outside(path: Path) -> None:
    """It works with the cable cut: no address in our code leads off this machine."""
    source = path.read_text(encoding="utf-8")
    found = [m for m in OUTSIDE.findall(source) if not m.startswith(NAMESPACES)]
    assert not found, found

"""How commands talk: one console, one progress bar, one way to complain, one way to the store."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from app.core import embedded, embedded_watch
from app.core.context import Context
from app.core.errors import Problem, from_errors
from app.core.settings import get_settings

Model = TypeVar("Model", bound=BaseModel)

console = Console()
_errors = Console(stderr=True)


def complain(message: str) -> None:
    """Say on standard error what went wrong."""
    _errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)


def give_up(message: str) -> typer.Exit:
    """Complain, and give back the exit to raise."""
    complain(message)
    return typer.Exit(1)


@contextmanager
def saying_refusals() -> Iterator[None]:
    """Give up in a sentence, without a traceback, where what was asked for is refused."""
    try:
        yield
    except Problem as problem:
        raise give_up(problem.detail) from problem


def checked(model: type[Model], words: Mapping[str, Any]) -> Model:
    """What was given on the command line, looked at as if it had come in a request.

    Raises:
        Problem: 422 on what is wrong.
    """
    try:
        return model.model_validate(words)
    except ValidationError as error:
        raise from_errors(error.errors(include_url=False)) from error


class Bar:
    """A `geodata.progress.Progress` in the terminal: one line a step."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def step(self, name: str, done: int, total: int) -> None:
        """Show where the step is. Ctrl-C arrives as KeyboardInterrupt in the worker itself."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total)
        self._progress.update(self._tasks[name], completed=done, total=total)


class Lines:
    """A `geodata.progress.Progress` in a log: a line where a step begins, and one a tenth of it."""

    def __init__(self) -> None:
        self._tenths: dict[str, int] = {}

    def step(self, name: str, done: int, total: int) -> None:
        """Write down where the step is, if it moved."""
        tenth = 10 * done // total if total else 0
        if self._tenths.get(name, -1) < tenth:
            self._tenths[name] = tenth
            console.print(f"{name} {done} / {total}", markup=False, highlight=False)


@contextmanager
def progress_bar() -> Iterator[Bar | Lines]:
    """A progress display for the length of the block; lines where nobody sees a bar move."""
    if not console.is_terminal:
        yield Lines()
        return
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield Bar(progress)


@contextmanager
def open_context(*, watching: bool = False) -> Iterator[Context]:
    """The store that the settings name: the embedded one, or the one that is already there.

    Args:
        watching: whether the embedded one is started again when it ends meanwhile.
    """
    settings = get_settings()
    try:
        if settings.database_url is not None:
            context = Context.of_settings(settings)
            yield context
            context.dispose()
            return
        with embedded.running(settings.data_dir) as cluster:
            owner, requests = (
                url.render_as_string(hide_password=False)
                for url in (cluster.url, cluster.request_url)
            )
            context = Context.open(settings, owner, requests)
            with embedded_watch.watched(cluster) if watching else nullcontext():
                yield context
            context.dispose()
    except (embedded.EmbeddedError, ValueError) as error:
        raise give_up(str(error)) from error

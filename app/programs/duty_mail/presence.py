"""Which pages are open, noted by each server for its own, so that whichever sends mail knows."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from anyio import to_thread
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import writing
from app.incidents.lifecycle.who_may import HANDLERS
from app.live.hub import OpenPage
from app.programs.duty_mail import queries
from app.programs.duty_mail.rules import NOTE_PAGES_EVERY_S

log = structlog.get_logger()

STOP_WITHIN_S = 1.0


class Presence:
    """Notes the open pages of one process every few seconds; ended, it notes nothing more."""

    def __init__(self, engine: Engine, pages: Callable[[], frozenset[OpenPage]]) -> None:
        self._engine = engine
        self._pages = pages
        self._task: asyncio.Task[Any] | None = None

    async def start(self) -> None:
        """Begin, without waiting for anything."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=STOP_WITHIN_S)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(NOTE_PAGES_EVERY_S)
            # Those who assign, or only watch, are nobody's desk.
            pages = frozenset(page for page in self._pages() if page.role in HANDLERS)
            if not pages:
                continue
            try:
                await to_thread.run_sync(self._note, pages)
            except (SQLAlchemyError, OSError) as error:
                # Then a desk may be sent a mail though it looks at the page.
                log.warning("open pages not noted", error=type(error).__name__)

    def _note(self, pages: frozenset[OpenPage]) -> None:
        with writing(self._engine) as session:
            queries.note_pages(session, pages)

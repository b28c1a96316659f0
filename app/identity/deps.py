"""What a route may ask for: the context, a session to read in, a session to write in, the time.

There is no sign-in yet (the server listens on loopback only); scope will be set here, once, for
every path.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.context import Context
from app.core.db import reading, writing


def get_context(request: Request) -> Context:
    """The context of the app that serves this request."""
    context: Context = request.app.state.context
    return context


def get_read_session(context: Annotated[Context, Depends(get_context)]) -> Iterator[Session]:
    """A session that keeps nothing."""
    with reading(context.engine) as session:
        yield session


def get_write_session(context: Annotated[Context, Depends(get_context)]) -> Iterator[Session]:
    """A session that commits before the answer is sent, so an acknowledgement is never a hope."""
    with writing(context.engine) as session:
        yield session


def get_now() -> datetime:
    """The instant (UTC) at which this request is answered."""
    return utc_now()


ContextDep = Annotated[Context, Depends(get_context)]
ReadSession = Annotated[Session, Depends(get_read_session)]
# scope="function": FastAPI then ends the session (and commits) before it sends the answer.
WriteSession = Annotated[Session, Depends(get_write_session, scope="function")]
Now = Annotated[datetime, Depends(get_now)]

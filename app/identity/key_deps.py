"""What the paths of programs ask for instead of a session: a key, and a session under its scope."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Header, Request
from sqlalchemy.orm import Session

from app.core.db import writing
from app.identity.deps import PROGRAM, ContextDep
from app.identity.keys import HEADER, bad_key
from app.identity.rules import Key
from app.identity.service import scope_of


async def get_key(
    request: Request,
    given: Annotated[
        str | None, Header(alias=HEADER, description="Key of the program; see `minqing key add`.")
    ] = None,
) -> Key:
    """Which program sends this.

    Raises:
        Problem: 401.
    """
    key: Key | None = request.scope.get(PROGRAM)
    if key is None:
        raise bad_key()
    return key


KeyDep = Annotated[Key, Depends(get_key)]


def get_key_session(context: ContextDep, key: KeyDep) -> Iterator[Session]:
    """A session that commits before the answer is sent, and sees the key's area only."""
    with writing(context.request_engine, scope_of(key)) as session:
        yield session


KeySession = Annotated[Session, Depends(get_key_session, scope="function")]

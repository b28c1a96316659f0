"""What the paths of programs ask for instead of a session: a key, and a session under its scope."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Header
from sqlalchemy.orm import Session

from app.core.db import writing
from app.identity.deps import ContextDep
from app.identity.keys import HEADER, Key, key_of


def get_key(
    context: ContextDep,
    given: Annotated[
        str | None, Header(alias=HEADER, description="Key of the program; see `minqing key add`.")
    ] = None,
) -> Key:
    """Which program sends this.

    Raises:
        Problem: 401.
    """
    return key_of(context.engine, given)


KeyDep = Annotated[Key, Depends(get_key)]


def get_key_session(context: ContextDep, key: KeyDep) -> Iterator[Session]:
    """A session that commits before the answer is sent, and sees the key's area only."""
    with writing(context.engine, key.scope) as session:
        yield session


KeySession = Annotated[Session, Depends(get_key_session, scope="function")]

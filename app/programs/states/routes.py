"""HTTP of the pull of states."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.core.problem_docs import documented
from app.identity.deps import ContextDep, Now, ReadSession
from app.identity.key_deps import KeyDep, get_key
from app.programs.states import service
from app.programs.states.schemas import ChangedStates, StatesQuery

router = APIRouter(prefix="/api/v1", tags=["programs"])


@router.get(
    "/incidents/states",
    summary="Tell a program which cases have changed",
    responses=documented(HTTPStatus.TOO_MANY_REQUESTS),
    dependencies=[Depends(get_key)],
)
def list_incident_states(
    query: Annotated[StatesQuery, Query()],
    context: ContextDep,
    session: ReadSession,
    key: KeyDep,
    now: Now,
) -> ChangedStates:
    """The cases of the key's area that have changed since `since`, as they stand now, the oldest
    change first.

    For programs: with a key that may `read` (`X-Minqing-Key`), without a session. Each answer's
    `next` is the `since` of the next call, whenever that is. No change is left out; a case may be
    told again. States and cells only: no text, no point, no contact.
    """
    return service.pull(context.engine, session, key, query, now)

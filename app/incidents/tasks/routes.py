"""HTTP of my tasks."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.identity.deps import ActorDep, Now, ReadSession
from app.incidents.clocks.deps import Days
from app.incidents.tasks import service
from app.incidents.tasks.schemas import TaskPage, TaskQuery

router = APIRouter(prefix="/api/v1", tags=["incidents"])


@router.get("/tasks", summary="List my tasks")
def list_tasks(
    query: Annotated[TaskQuery, Query()],
    session: ReadSession,
    now: Now,
    days: Days,
    actor: ActorDep,
) -> TaskPage:
    """Cases that wait for a step of exactly this role and tier, by what is due first.

    Where no deadline runs yet, the instant of the report counts.
    """
    return service.list_tasks(session, query, actor, now, days)

"""Whether this process lives, whether it can serve, and what it counts."""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from sqlalchemy import text
from starlette.responses import Response

from app.identity.deps import ReadSession
from app.maps.service import Maps

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """A sign of life."""

    status: str = Field(description="Always `ok`; anything else is a problem.")


@router.get("/healthz", summary="Whether the process lives")
def healthz() -> Health:
    """Answers without asking anything else."""
    return Health(status="ok")


@router.get("/readyz", summary="Whether the process can serve")
def readyz(request: Request, session: ReadSession) -> Health:
    """Asks the database for one row; 503 when it does not answer, or the cases are not read yet."""
    session.execute(text("SELECT 1"))
    maps: Maps = request.app.state.maps
    maps.refuse_until_ready()
    return Health(status="ok")


@router.get("/metrics", summary="Counters for Prometheus", response_class=Response)
def metrics() -> Response:
    """The process's counters in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

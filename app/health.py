"""Whether this process lives, whether it can serve, and what it counts."""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.core.errors import not_found, unavailable
from app.guards import LOOPBACK
from app.identity.deps import ContextDep
from app.identity.service import scope_faults
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
def readyz(request: Request, context: ContextDep) -> Health:
    """Asks the database; 503 when it does not answer, when what guards the scope of every request
    is not as it must be, or while the cases are not read yet."""
    faults = scope_faults(context.engine)
    if faults:
        raise unavailable(f"Row security is not in order: {'; '.join(faults)}")
    maps: Maps = request.app.state.maps
    maps.refuse_until_ready()
    return Health(status="ok")


@router.get("/metrics", summary="Counters for Prometheus", response_class=Response)
def metrics(request: Request, context: ContextDep) -> Response:
    """The process's counters in Prometheus' text format, for callers on this machine."""
    caller = request.client.host if request.client else ""
    if context.settings.host not in LOOPBACK and caller not in LOOPBACK:
        raise not_found("path", request.url.path)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

"""Whether this process lives, whether it can serve, and what its server counts."""

import hmac

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.core.errors import not_found, unavailable
from app.core.metrics import as_text
from app.core.settings import Settings
from app.guards import LOOPBACK
from app.identity.deps import ContextDep
from app.identity.service import scope_faults
from app.maps.service import Maps

# A proxy on this machine calls for somebody else.
FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-real-ip"})

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """A sign of life."""

    status: str = Field(description="Always `ok`; anything else is a problem.")


@router.get("/healthz", summary="Whether the process lives")
async def healthz() -> Health:
    """Answers without asking anything else, and without a thread: also while all of them work."""
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
    """The counters of all workers in Prometheus' text format. With `MINQING_METRICS_TOKEN` for
    whoever sends it (`Authorization: Bearer …`); without one for callers on this machine, none of
    them through a proxy, unless the counters have a port of their own."""
    if not _may_count(request, context.settings):
        raise not_found("path", request.url.path)
    return Response(as_text(), media_type=CONTENT_TYPE_LATEST)


def _may_count(request: Request, settings: Settings) -> bool:
    if settings.metrics_token is not None:
        wanted = f"Bearer {settings.metrics_token.get_secret_value()}"
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
    if settings.metrics_port is not None or not FORWARDED.isdisjoint(request.headers.keys()):
        return False
    caller = request.client.host if request.client else ""
    return settings.host in LOOPBACK or caller in LOOPBACK

"""Whether this process lives, whether it can serve, and what its server counts."""

import hmac
from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.core import safety
from app.core.context import Context
from app.core.db import reading
from app.core.disk import shortest_mb
from app.core.embedded import data_folder_of
from app.core.errors import not_found, not_ready, unavailable
from app.core.metrics import as_text
from app.core.settings import Settings
from app.core.shared_work import SharedWork
from app.guards import LOOPBACK
from app.identity.deps import ContextDep
from app.identity.service import scope_faults
from app.incidents.contacts.service import is_lost, key_file
from app.maps.service import Maps

# A proxy on this machine calls for somebody else.
FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-real-ip"})

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """A sign of life."""

    status: str = Field(description="Always `ok`; anything else is a problem.")


class Readiness(Health):
    """That the process can serve, and what whoever operates it should know all the same."""

    notes: list[str] = Field(
        description="What is less safe than it could be, in English; for whoever may read"
        " `/metrics`, and empty for others."
    )


@router.get("/healthz", summary="Whether the process lives")
async def healthz() -> Health:
    """Answers without asking anything else, and without a thread: also while all of them work."""
    return Health(status="ok")


@router.get("/readyz", summary="Whether the process can serve")
async def readyz(request: Request, context: ContextDep) -> Readiness:
    """Asks the database, once for all who ask at the same time; 503 when it does not answer, when
    what guards the scope of every request is not as it must be, or while the cases are not read
    yet. So it is when hardly any disk is left (`MINQING_MIN_FREE_MB`), or the file with the keys of
    contacts is gone: `errors` names the setting. What keeps nobody from serving, but is less safe
    than it could be, is in `notes`."""
    await request.app.state.readiness.ask()
    maps: Maps = request.app.state.maps
    maps.refuse_until_ready()
    is_inside = _may_count(request, context.settings)
    notes = await run_in_threadpool(safety.notes, context) if is_inside else []
    return Readiness(status="ok", notes=notes)


def readiness_of(context: Context) -> SharedWork[None]:
    """Looks whether this process can serve, but for what it holds itself; raises a `Problem`, 503,
    where it cannot."""
    folders = folders_of(context)

    def look() -> None:
        _refuse_full_disk(folders, context.settings.min_free_mb)
        faults = scope_faults(context.engine)
        if faults:
            raise unavailable(f"Row security is not in order: {'; '.join(faults)}")
        _refuse_lost_keys(context)

    return SharedWork(look)


def folders_of(context: Context) -> list[Path]:
    """Where this server and its embedded database write."""
    settings = context.settings
    of_database = data_folder_of(settings.data_dir, context.url)
    return [settings.data_dir, *([of_database] if of_database is not None else [])]


def _refuse_full_disk(folders: Sequence[Path], least_mb: int) -> None:
    left_mb = shortest_mb(folders, least_mb)
    if left_mb is not None:
        message = f"{left_mb} MiB are left on the disk where it lies; at least {least_mb} must be"
        raise not_ready("MINQING_DATA_DIR", message)


def _refuse_lost_keys(context: Context) -> None:
    with reading(context.engine) as session:
        if is_lost(session, key_file(context.settings)):
            message = "the file is missing, and what is sealed in the database opens with it alone"
            raise not_ready("MINQING_CONTACT_KEY_FILE", message)


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

"""HTTP of webhooks, for whoever administers."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Path, Query

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import ActorDep, ContextDep, Now, ReadSession, WriteSession, json_only
from app.identity.step_up import require_step_up
from app.incidents.schemas import EXAMPLE_ID
from app.programs.webhooks import service
from app.programs.webhooks.schemas import (
    DeliveryPage,
    DeliveryQuery,
    MadeWebhook,
    NewWebhook,
    Resend,
    Resent,
    WebhookPage,
)

router = APIRouter(prefix="/api/v1", tags=["programs"])
Words = Annotated[StrictQuery, Query()]
WebhookId = Annotated[
    UUID, Path(alias="id", description="Id of the webhook.", examples=[EXAMPLE_ID])
]
MISSING = documented(HTTPStatus.NOT_FOUND)
BODY = documented(
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)


@router.get("/webhooks", summary="List webhooks")
def list_webhooks(query: Words, session: ReadSession, actor: ActorDep) -> WebhookPage:
    """The subscriptions of one's area, and how each stands."""
    return service.list_all(session, (actor.lo, actor.hi))


@router.post(
    "/webhooks",
    summary="Add a webhook",
    status_code=HTTPStatus.CREATED,
    responses={**BODY, **documented(HTTPStatus.CONFLICT)},
    dependencies=[Depends(json_only)],
)
def add_webhook(
    *,
    new: Annotated[NewWebhook, Body()],
    query: Words,
    context: ContextDep,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
) -> MadeWebhook:
    """From now on what happens in the area is sent to that address; the secret is told here only.
    After the password was given again.

    Each event is a POST of `{"id", "topic", "area", "occurred_at", "payload"}` with the headers of
    Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`), in order, at least
    once, until it is answered by 2xx within 10 s.
    """
    require_step_up(actor)
    codes = (actor.lo, actor.hi)
    return service.add(session, new, actor, now, settings=context.settings, within=codes)


@router.delete(
    "/webhooks/{id}",
    summary="Remove a webhook",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND),
)
def remove_webhook(
    webhook_id: WebhookId, query: Words, session: WriteSession, actor: ActorDep, now: Now
) -> None:
    """Nothing more is sent to it."""
    service.remove(session, webhook_id, actor, now)


@router.get("/webhooks/{id}/deliveries", summary="List deliveries", responses=MISSING)
def list_webhook_deliveries(
    webhook_id: WebhookId, query: Annotated[DeliveryQuery, Query()], session: ReadSession
) -> DeliveryPage:
    """What was sent and is to be sent, the newest first. Kept for 7 days, for 30
    where it failed."""
    return service.list_deliveries(session, webhook_id, query)


@router.post(
    "/webhooks/{id}/resend",
    summary="Send again",
    responses={**BODY, **MISSING},
    dependencies=[Depends(json_only)],
)
def resend_webhook(
    *,
    webhook_id: WebhookId,
    what: Annotated[Resend, Body()],
    query: Words,
    session: WriteSession,
    actor: ActorDep,
    now: Now,
) -> Resent:
    """Send one delivery again, or all that were given up; what waits is not kept waiting either."""
    return service.resend(session, webhook_id, what.delivery, actor, now)

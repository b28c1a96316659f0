"""What the paths of webhooks take and give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.paging import Cursor, Page
from app.core.query_words import AreaCode, StrictQuery
from app.programs.webhooks.rules import DeliveryState, Topic


class NewWebhook(BaseModel):
    """A program to be told of an area."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(strict=True, max_length=40)] = Field(
        description="What it is: a-z, 0-9, dot, - and _, beginning with a letter.",
        examples=["hotline"],
    )
    url: Annotated[str, Field(strict=True, max_length=500)] = Field(
        description="Where to send: https, on the internet unless the server is set otherwise.",
        examples=["https://hotline.example/minqing"],
    )
    topics: list[Topic] = Field(
        default=[Topic.INCIDENT_REPORTED, Topic.INCIDENT_CHANGED],
        min_length=1,
        max_length=len(Topic),
        description="What it is told of. Cases that are warnings of fraud only with"
        " `warning.changed`.",
    )
    area: AreaCode = Field(description="15-digit code of the area whose events it is told.")


class Webhook(BaseModel):
    """A subscription, and how it stands."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="Its id.")
    name: str = Field(description="What it is.")
    url: str = Field(description="Where to.")
    topics: list[Topic] = Field(description="What it is told of.")
    area_code: int = Field(description="15-digit code of the area whose events it is told.")
    created_at: datetime = Field(description="When it was made (RFC 3339, UTC).")
    failures: int = Field(ge=0, description="Failures in a row; 0 while it answers.")
    next_at: datetime | None = Field(
        description="Nothing is sent before (RFC 3339, UTC); null: as soon as there is something."
    )
    last_error: str | None = Field(description="What was wrong with the last failure in a row.")
    waiting: int = Field(ge=0, description="Events that wait to be sent.")
    failed: int = Field(ge=0, description="Events that were given up.")
    delivered_at: datetime | None = Field(
        description="When it last took something (RFC 3339, UTC)."
    )


class MadeWebhook(BaseModel):
    """A new subscription with its secret, which is told here and never again."""

    webhook: Webhook = Field(description="The subscription.")
    secret: str = Field(description="By which it checks `webhook-signature`: `whsec_` and base64.")


class WebhookPage(Page[Webhook]):
    """Subscriptions by name, always all of them."""


class DeliveryQuery(StrictQuery):
    """Which deliveries."""

    state: DeliveryState | None = Field(default=None, description="Only those that stand so.")
    limit: int = Field(default=50, ge=1, le=500, description="Items in one part of the list.")
    cursor: Cursor = None


class Delivery(BaseModel):
    """One event for one subscription."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its number.")
    message_id: UUID = Field(description="`webhook-id` under which it is sent, without `msg_`.")
    topic: str = Field(description="What happened.")
    cell_code: int = Field(description="15-digit code of the grid cell where.")
    no: int | None = Field(description="Short number of the case.")
    occurred_at: datetime = Field(description="When it happened (RFC 3339, UTC).")
    state: DeliveryState = Field(description="How it stands.")
    tries: int = Field(ge=0, description="How often it was sent.")
    tried_at: datetime | None = Field(description="When last (RFC 3339, UTC).")
    last_status: int | None = Field(description="HTTP status of the last answer; null for none.")
    last_error: str | None = Field(description="What was wrong the last time.")
    delivered_at: datetime | None = Field(description="When it was taken (RFC 3339, UTC).")


class DeliveryPage(Page[Delivery]):
    """Deliveries, the newest first."""


class Resend(BaseModel):
    """What to send again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delivery: Annotated[int, Field(strict=True, ge=1, lt=2**63)] | None = Field(
        default=None, description="Number of one delivery; null: all that were given up."
    )


class Resent(BaseModel):
    """What is sent again."""

    queued: int = Field(ge=0, description="How many wait again.")

"""Webhooks as pure decisions: topics, addresses, signatures."""

import base64
import binascii
import hmac
import ipaddress
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from app.programs.rules import is_public

# By these a receiver that works says that it does not want this event; others need not wait.
UNWANTED = frozenset({400, 409, 413, 415, 422})
MOST_TRIES_UNWANTED = 5
ANSWER_WITHIN_S = 10.0
MOST_ANSWER_BYTES = 64 * 1024
LONGEST_URL = 500
SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32
# What is sent of an event: no text, no point, no name, nothing of anybody.
SENT_MEMBERS = (
    "id", "no", "category", "severity", "source", "status", "stage", "step", "version", "state",
    "level", "reported_at", "closed_at", "at",
)  # fmt: skip


class Topic(StrEnum):
    """What a subscription may be told of."""

    INCIDENT_REPORTED = "incident.reported"
    INCIDENT_CHANGED = "incident.changed"
    MEDIATION_CHANGED = "mediation.changed"
    # With it also the cases that are warnings of fraud.
    WARNING_CHANGED = "warning.changed"


class DeliveryState(StrEnum):
    """How a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


def fault_of_url(url: str, *, private: bool) -> str | None:
    """Why nothing can be sent to an address; None for a usable one.

    Args:
        private: whether addresses inside the own network are allowed, and http with them.
    """
    schemes = ("https", "http") if private else ("https",)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in schemes or not host or port == 0:
        return (
            f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)} and name a host"
        )
    if len(url) > LONGEST_URL or not url.isascii() or re.search(r"[\s\x00-\x1f\x7f\\\\]", url):
        return f"must be up to {LONGEST_URL} ASCII characters without blanks"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "must have neither user nor fragment"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if private or is_public(host) else "lies inside the own network"


def host_of(url: str) -> str:
    """The host of an address that can be used, without its path, which may be a secret."""
    return urlsplit(url).hostname or ""


def is_given_up(status: int | None, tries: int) -> bool:
    """Whether an event is given up before its day is over, after so many tries."""
    return status in UNWANTED and tries >= MOST_TRIES_UNWANTED


def body(message_id: str, topic: str, area: int, at: str, payload: Mapping[str, object]) -> bytes:
    """What is sent, as UTF-8 JSON; the same for each try."""
    message = {
        "id": message_id,
        "topic": topic,
        "area": area,
        "occurred_at": at,
        "payload": {name: payload[name] for name in SENT_MEMBERS if name in payload},
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, message_id: str, timestamp_s: int, content: bytes) -> str:
    """The header `webhook-signature`, as Standard Webhooks has it.

    Raises:
        ValueError: no such secret.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("no secret of a webhook") from None
    signed = f"{message_id}.{timestamp_s}.".encode() + content
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()

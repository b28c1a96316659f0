"""Requests made up from the API document itself (schemathesis), good ones and bad ones.

Every answer must be one that the document promises: no 5xx, no undocumented status or media type,
no body that breaks its own schema.
"""

from collections.abc import Mapping
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# It does not end by itself; its tests are in tests/app/live.
ENDLESS = "/api/v1/stream"
# A longer one is refused by the web server itself, before any of our code sees it.
LONGEST_URL = 60_000


def operations(base_url: str) -> list[Any]:
    """All that a server offers and that ends by itself."""
    schema = schemathesis.openapi.from_url(f"{base_url}/api/v1/openapi.json")
    found = [result.ok() for result in schema.get_all_operations()]
    return [operation for operation in found if operation.path != ENDLESS]


def modes(operation: Any) -> list[GenerationMode]:
    """Good requests and bad ones; without any input there is nothing to get wrong."""
    has_input = list(operation.query) or list(operation.path_parameters) or operation.body
    return list(GenerationMode) if has_input else [GenerationMode.POSITIVE]


def send(
    operation: Any, mode: GenerationMode, count: int, headers: Mapping[str, str], *, same: bool
) -> int:
    """Send made-up requests of one operation; how many there were.

    Args:
        count: how many at most.
        headers: of whoever is signed in.
        same: whether they are the same ones in every run.

    Raises:
        Exception: an answer that the document does not promise, and the request.
    """
    sent = 0
    with requests.Session() as session:
        session.headers.update(headers)

        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            derandomize=same,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def every(case: Any) -> None:
            nonlocal sent
            given = case.as_transport_kwargs()
            url = requests.Request(given["method"], given["url"], params=given.get("params"))
            hypothesis.assume(len(url.prepare().url or "") <= LONGEST_URL)
            sent += 1
            case.call_and_validate(session=session, checks=CHECKS, timeout=20)

        every()
    return sent

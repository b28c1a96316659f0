"""Requests made up from the API document itself (schemathesis), against a real server process.

Every answer must be one that the document promises: no 5xx, no undocumented status or media type,
no body that breaks its own schema.
"""

from typing import Any

import hypothesis
import pytest
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

from tests import staff
from tests.server import ServerProcess

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 800
# It does not end by itself; its tests are in tests/app/live.
ENDLESS = "/api/v1/stream"
# A longer one is refused by the web server itself (h11: 64 KiB), before any of our code sees it.
LONGEST_URL = 60_000


def test_every_answer_is_a_promised_one(server: ServerProcess, subtests: pytest.Subtests) -> None:
    """2,000 requests, good and bad, over all operations."""
    schema = schemathesis.openapi.from_url(f"{server.base_url}/api/v1/openapi.json")
    found = [result.ok() for result in schema.get_all_operations()]
    chosen = [operation for operation in found if operation.path != ENDLESS]
    assert len(chosen) >= 15
    each = EXAMPLES // len(chosen) // len(GenerationMode)
    with requests.Session() as session:
        session.headers.update(staff.headers_for(server.base_url))
        for operation in chosen:
            for mode in _modes(operation):
                with subtests.test(operation=operation.label, mode=mode.value):
                    _try(operation, mode, each, session)


def _modes(operation: Any) -> list[GenerationMode]:
    """Without any input there is nothing to get wrong."""
    has_input = list(operation.query) or list(operation.path_parameters) or operation.body
    return list(GenerationMode) if has_input else [GenerationMode.POSITIVE]


def _try(operation: Any, mode: GenerationMode, examples: int, session: requests.Session) -> None:
    """Send made-up requests of one operation, the same ones in every run."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def every(case: Any) -> None:
        given = case.as_transport_kwargs()
        url = requests.Request(given["method"], given["url"], params=given.get("params"))
        hypothesis.assume(len(url.prepare().url or "") <= LONGEST_URL)
        case.call_and_validate(session=session, checks=CHECKS, timeout=20)

    every()

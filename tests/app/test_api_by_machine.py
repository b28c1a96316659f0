"""Made-up requests over all operations, against a real server process."""

import pytest

from tests import staff
from tests.generated import modes, operations, send
from tests.server import ServerProcess

EXAMPLES = 800


def test_every_answer_is_a_promised_one(server: ServerProcess, subtests: pytest.Subtests) -> None:
    """Hundreds of requests, good and bad; `scripts/drill generated` sends twenty thousand."""
    chosen = operations(server.base_url)
    assert len(chosen) >= 15
    each = EXAMPLES // len(chosen) // 2
    headers = staff.headers_for(server.base_url)
    for operation in chosen:
        for mode in modes(operation):
            with subtests.test(operation=operation.label, mode=mode.value):
                assert send(operation, mode, each, headers, same=True) > 0

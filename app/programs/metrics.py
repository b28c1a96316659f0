"""What the sender counts (`/metrics`), whoever receives it; of gauges, how workers go together."""

from enum import StrEnum

from prometheus_client import Counter, Gauge


class Result(StrEnum):
    """What came of one attempt; `FAILED` is tried again, `UNNEEDED` was not sent any more."""

    TAKEN = "taken"
    FAILED = "failed"
    GIVEN_UP = "given_up"
    UNNEEDED = "unneeded"


ATTEMPTS = Counter(
    "minqing_outlet_attempts",
    "Attempts of this server to send something, by what came of them.",
    ["outlet", "result"],
)
WAITING = Gauge(
    "minqing_outlet_waiting",
    "What waits to be sent, as counted by the server that sends; 0 at all others.",
    ["outlet"],
    multiprocess_mode="livemax",
)


def begin(outlet: str) -> None:
    """Show an outlet from the start: nothing counted."""
    for result in Result:
        ATTEMPTS.labels(outlet, result)
    WAITING.labels(outlet).set(0)


def count(outlet: str, result: Result) -> None:
    """One attempt more."""
    ATTEMPTS.labels(outlet, result).inc()

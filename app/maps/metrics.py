"""What the map's hot paths count (`/metrics`); of gauges, how several workers go together."""

from typing import TypeVar

from prometheus_client import Counter, Gauge

from tiles.cache import ByteCache, Sized

CACHE_EVENTS = Counter(
    "minqing_map_cache",
    "Requests answered from memory (hit), by somebody else's computation (merged) or by one of"
    " their own (made), and answers dropped for room (dropped).",
    ["cache", "event"],
)
TILE_QUERIES = Counter("minqing_tile_queries", "Tiles that the database was asked for.", ["layer"])
STORE_CASES = Gauge(
    "minqing_store_cases",
    "Cases in memory, of the worker that has fewest.",
    multiprocess_mode="livemin",
)
STORE_LOADS = Counter("minqing_store_loads", "Times that all cases were read anew.")
CACHE_BYTES = Gauge(
    "minqing_map_cache_bytes",
    "Bytes of ready answers held.",
    ["cache"],
    multiprocess_mode="livesum",
)

Value = TypeVar("Value", bound=Sized)


def watch(name: str, cache: ByteCache[Value]) -> ByteCache[Value]:
    """The cache, counted from now on."""
    held = CACHE_BYTES.labels(name)

    def count(event: str) -> None:
        CACHE_EVENTS.labels(name, event).inc()
        held.set(cache.held_bytes)

    cache.on_event = count
    return cache

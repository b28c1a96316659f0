"""The cache of ready answers: its limit, its merging, and what it must not keep."""

import asyncio
from collections import Counter
from dataclasses import dataclass

import pytest

from tiles.cache import ByteCache


@dataclass(frozen=True)
class Blob:
    """An answer of a given size."""

    size_bytes: int


def make_of(size_bytes: int, made: Counter[int] | None = None):
    """A `make` for the cache."""

    async def make() -> Blob:
        if made is not None:
            made[size_bytes] += 1
        return Blob(size_bytes)

    return make


def test_holds_no_more_bytes_than_its_limit_and_drops_what_was_used_longest_ago() -> None:
    async def run() -> None:
        cache = ByteCache[Blob](10 * (1_000 + ByteCache.OVERHEAD_BYTES))
        for key in range(10):
            await cache.get(key, make_of(1_000))
        assert cache.peek(0) is not None  # used again: 1 is now the oldest
        await cache.get(10, make_of(1_000))
        assert cache.held_bytes <= cache.limit_bytes
        assert cache.peek(1) is None
        assert cache.peek(0) is not None and cache.peek(10) is not None

    asyncio.run(run())


def test_counts_every_byte_it_holds() -> None:
    async def run() -> None:
        cache = ByteCache[Blob](1_000_000)
        sizes = [1, 500, 40_000, 7]
        for key, size in enumerate(sizes):
            await cache.get(key, make_of(size))
        assert cache.held_bytes == sum(sizes) + len(sizes) * ByteCache.OVERHEAD_BYTES
        cache.clear()
        assert cache.held_bytes == 0 and len(cache) == 0

    asyncio.run(run())


def test_an_answer_larger_than_half_the_limit_is_given_but_not_kept() -> None:
    async def run() -> None:
        cache = ByteCache[Blob](100_000)
        await cache.get("small", make_of(10))
        assert (await cache.get("huge", make_of(60_000))).size_bytes == 60_000
        assert cache.peek("huge") is None
        assert cache.peek("small") is not None

    asyncio.run(run())


def test_a_hundred_at_once_make_one() -> None:
    async def run() -> None:
        cache = ByteCache[Blob](100_000)
        events: Counter[str] = Counter()
        cache.on_event = lambda event: events.update([event])
        release = asyncio.Event()
        made = 0

        async def make() -> Blob:
            nonlocal made
            made += 1
            await release.wait()
            return Blob(1)

        waiting = [asyncio.create_task(cache.get("tile", make)) for _ in range(100)]
        for _ in range(10):  # turns of the loop: by then all have asked
            await asyncio.sleep(0)
        release.set()
        blobs = await asyncio.gather(*waiting)
        assert made == 1
        assert all(blob is blobs[0] for blob in blobs)
        assert events == {"made": 1, "merged": 99}

    asyncio.run(run())


def test_the_first_to_ask_may_hang_up_without_taking_the_answer_from_the_others() -> None:
    async def run() -> None:
        cache = ByteCache[Blob](100_000)
        release = asyncio.Event()

        async def make() -> Blob:
            await release.wait()
            return Blob(1)

        first = asyncio.create_task(cache.get("tile", make))
        await asyncio.sleep(0)
        second = asyncio.create_task(cache.get("tile", make))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        release.set()
        assert (await second).size_bytes == 1
        assert cache.peek("tile") is not None

    asyncio.run(run())


def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    async def run() -> None:
        cache = ByteCache[Blob](100_000)

        async def fail() -> Blob:
            await asyncio.sleep(0)
            raise OSError("no database")

        results = await asyncio.gather(
            *(cache.get("tile", fail) for _ in range(3)), return_exceptions=True
        )
        assert [type(result) for result in results] == [OSError] * 3
        assert (await cache.get("tile", make_of(5))).size_bytes == 5

    asyncio.run(run())


def test_what_was_being_made_when_the_city_changed_is_not_kept() -> None:
    async def run() -> None:
        cache = ByteCache[Blob](100_000)
        release = asyncio.Event()

        async def make() -> Blob:
            await release.wait()
            return Blob(1)

        old = asyncio.create_task(cache.get("tile", make))
        await asyncio.sleep(0)
        cache.clear()
        release.set()
        assert (await old).size_bytes == 1
        assert cache.peek("tile") is None

    asyncio.run(run())

"""Answers that are kept for all of a scope, each made by a session that holds."""

from collections.abc import Awaitable, Callable, Hashable

from app.core.answers import Ready
from app.identity.service import not_signed_in
from tiles.cache import ByteCache
from tiles.pool import SessionIsOver


async def kept(
    cache: ByteCache[Ready], key: Hashable, make: Callable[[], Awaitable[Ready]], token: str
) -> Ready:
    """The answer that is kept under a key, or is made now.

    Args:
        make: raises SessionIsOver where what it read is nobody's answer.
        token: of the session of whoever asks, under which `make` reads.

    Raises:
        Problem: 401 where that session has just ended.
    """
    while True:
        try:
            return await cache.get(key, make)
        except SessionIsOver as over:
            # Whoever merely waited for somebody else's answer makes it by a session of its own.
            if over.token == token:
                raise not_signed_in() from None

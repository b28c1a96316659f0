"""Which boundaries are in force when, as this process knows it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.core.clock import utc_now
from app.core.errors import invalid
from app.maps.queries import BoundaryVersion


class Boundaries:
    """All states of the boundaries; replaced whole, so readers need no lock."""

    def __init__(self) -> None:
        self._known: tuple[tuple[BoundaryVersion, ...], datetime] = ((), utc_now())

    def set(self, versions: Sequence[BoundaryVersion], seen_at: datetime) -> None:
        """Take these as all there are.

        Args:
            versions: all states.
            seen_at: when the database said so.
        """
        self._known = (tuple(versions), seen_at)

    def at(self, at: datetime) -> BoundaryVersion | None:
        """The state in force at a minute; None where nothing was drawn yet."""
        return next((v for v in self._known[0] if _holds(v, at)), None)

    def number_at(self, at: datetime) -> int | None:
        """The number of the state in force at a minute; None where nothing was drawn yet."""
        version = self.at(at)
        return version.id if version else None

    def drawn(
        self, number: int | None, at: datetime | None, now: datetime
    ) -> tuple[int | None, datetime]:
        """The state asked for by its number, by a minute or not at all, and a minute inside it.

        The minute is the first of that state: whoever replaces boundaries dates them to when they
        began, and is seen here a moment after they are there. Asked for a later minute, the
        database could show the new ones, to be kept under the number of those before.

        Raises:
            Problem: 422 on `v`.
        """
        versions, seen_at = self._known
        if number is None:
            version = self.at(at or now)
        else:
            version = next((v for v in versions if v.id == number), None)
            if version is None:
                raise invalid("v", "is no boundary version of this city")
        if version is None:
            return None, at or now
        return version.id, _minute_inside(version, min(now, seen_at))


def _minute_inside(version: BoundaryVersion, now: datetime) -> datetime:
    if version.since is not None:
        return version.since
    return (version.until or now) - timedelta(microseconds=1)


def _holds(version: BoundaryVersion, at: datetime) -> bool:
    return (version.since is None or version.since <= at) and (
        version.until is None or at < version.until
    )

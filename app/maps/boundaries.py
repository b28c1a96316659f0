"""Which boundaries are in force when, as this process knows it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.core.errors import invalid
from app.maps.queries import BoundaryVersion


class Boundaries:
    """All states of the boundaries; replaced whole, so readers need no lock."""

    def __init__(self) -> None:
        self._versions: tuple[BoundaryVersion, ...] = ()

    def set(self, versions: Sequence[BoundaryVersion]) -> None:
        """Take these as all there are."""
        self._versions = tuple(versions)

    def at(self, at: datetime) -> BoundaryVersion | None:
        """The state in force at a minute; None where nothing was drawn yet."""
        return next((v for v in self._versions if _holds(v, at)), None)

    def drawn(
        self, number: int | None, at: datetime | None, now: datetime
    ) -> tuple[int | None, datetime]:
        """The state asked for by its number, by a minute or not at all, and a minute inside it.

        Raises:
            Problem: 422 on `v`.
        """
        if number is not None:
            version, as_of = self.named(number, now)
            return version.id, as_of
        found = self.at(at or now)
        return found.id if found else None, at or now

    def named(self, number: int, now: datetime) -> tuple[BoundaryVersion, datetime]:
        """The state with this number, and a minute at which it is in force.

        Raises:
            Problem: 422 on `v`.
        """
        version = next((v for v in self._versions if v.id == number), None)
        if version is None:
            raise invalid("v", "is no boundary version of this city")
        if _holds(version, now):
            return version, now
        if version.since is not None:
            return version, version.since
        return version, (version.until or now) - timedelta(microseconds=1)


def _holds(version: BoundaryVersion, at: datetime) -> bool:
    return (version.since is None or version.since <= at) and (
        version.until is None or at < version.until
    )

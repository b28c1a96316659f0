"""How many connections a server may need at most, and whether the database takes as many.

PostgreSQL refuses the one connection too many in the middle of a busy day. So a server counts them
before it serves, and says for how long as it runs how many it may need: an advisory lock under that
number, held beside the one for its jobs. Whoever starts next adds up the numbers of all others.
"""

from dataclasses import dataclass

from sqlalchemy import text

from app.cli.terminal import give_up
from app.core import jobs
from app.core.context import Context
from app.core.db import OWNER_POOL_SIZE, POOL_SIZE, reading
from app.core.settings import Settings
from app.incidents.intake import quick
from tiles import pool as tile_pool

OF_ENGINE = 2 * POOL_SIZE
"""Kept, and as many again that may overflow."""
OF_OWNER = 2 * OWNER_POOL_SIZE
"""The same of those by which the server signs in as the owner of the database."""
OF_LIVE = 3
"""The relay, the hub that hears of new events, and whoever sends webhooks and mail."""
OF_FOLLOWER = 2
"""One that hears, one that reads."""
OF_FILES = 1
"""Whatever makes the file of a plan, one at a time."""
OF_WORKER = (
    OF_ENGINE + OF_OWNER + tile_pool.MOST + quick.CONNECTIONS + OF_LIVE + OF_FOLLOWER + OF_FILES
)
OF_APART = 2
"""What is asked for has two places, and computing apart from the server takes a connection each."""
OF_JOBS = OF_ENGINE + jobs.CONNECTIONS + 2 * jobs.CLOCK_CONNECTIONS + 1 + OF_APART
OF_SIMULATION = 2


@dataclass(frozen=True)
class Room:
    """What the database takes.

    Attributes:
        most: connections at once (`max_connections`).
        reserved: of these for superusers.
        claimed: what other servers over the same PostgreSQL may need.
    """

    most: int
    reserved: int
    claimed: int

    @property
    def left(self) -> int:
        """For one server more."""
        return self.most - self.reserved - self.claimed


def need_of(settings: Settings) -> int:
    """How many connections a server may need at most."""
    simulation = OF_SIMULATION if settings.simulates else 0
    return settings.workers * OF_WORKER + OF_JOBS + simulation


def room_of(context: Context) -> Room:
    """What the database takes, and what others have claimed of it."""
    found = text(
        "SELECT current_setting('max_connections')::int AS most,"
        " current_setting('superuser_reserved_connections')::int"
        "  + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,"
        " (SELECT coalesce(sum(objid::bigint), 0) FROM pg_locks WHERE locktype = 'advisory'"
        "   AND classid = :claims AND objsubid = 2 AND granted) AS claimed"
    )
    with reading(context.engine) as session:
        row = session.execute(found, {"claims": jobs.CLAIMS_LOCK}).one()
    return Room(row.most, row.reserved, int(row.claimed))


def refuse_too_many(context: Context) -> int:
    """How many connections this server may need; ends the command where there is no room."""
    need, room = need_of(context.settings), room_of(context)
    if need > room.left:
        wanted = need + room.reserved + room.claimed
        of_workers = context.settings.workers * OF_WORKER
        raise give_up(
            f"The database has too few connections for this server. It takes {room.most}"
            f" (max_connections), {room.reserved} of them reserved, and other servers may need"
            f" {room.claimed}. This one may need {need}: {context.settings.workers} workers"
            f" (MINQING_WORKERS) with {OF_WORKER} each, and {need - of_workers} for jobs."
            f" Start fewer workers, or set max_connections to {wanted} or more."
        )
    return need

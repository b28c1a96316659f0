"""Heat tiles and their legend: the same cases, kernel and colours for both."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.core.answers import PNG, Ready, in_thread
from app.core.scope import Scope
from app.maps.metrics import watch
from app.maps.schemas import FiguresQuery, HeatLegend, HeatQuery
from tiles import heat
from tiles.cache import ByteCache
from tiles.heat import Scale
from tiles.mercator import FloatArray
from tiles.points import PointStore, Rows, Snapshot
from tiles.selection import CaseFilter
from tiles.vector import TileAddress

CACHE_BYTES = 16_000_000
SELECTION_BYTES = 16_000_000
SCALE_BYTES = 1_000_000
# The machine has other things to do than heat.
AT_ONCE = 2


@dataclass(frozen=True)
class Selected:
    """Places of the cases that a filter selects, in the unit square."""

    x: FloatArray
    y: FloatArray

    @property
    def size_bytes(self) -> int:
        """Bytes held."""
        return int(self.x.nbytes + self.y.nbytes)


@dataclass(frozen=True)
class KeptScale:
    """A scale in the cache."""

    scale: Scale
    size_bytes: int = 200


class Heat:
    """The heat of one process."""

    def __init__(self, store: PointStore, select: Callable[[Snapshot, CaseFilter], Rows]) -> None:
        """
        Args:
            store: of all cases.
            select: rows of the cases that a filter selects; may ask the database.
        """
        self._store = store
        self._select = select
        self.cache = watch("heat", ByteCache[Ready](CACHE_BYTES))
        self.selections = watch("selections", ByteCache[Selected](SELECTION_BYTES))
        self.scales = watch("scales", ByteCache[KeptScale](SCALE_BYTES))
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def tile(self, tile: TileAddress, words: HeatQuery, now: datetime, scope: Scope) -> Ready:
        """A heat tile as PNG with transparency.

        Raises:
            Problem: 422 on `since`.
        """
        wanted = words.case_filter(now, scope)
        version = self._store.version_in(heat.reach_of(tile, words.bandwidth_m))
        selected = await self._selected(wanted)
        scale = await self._scale(selected, wanted, words.bandwidth_m, now)

        def render() -> Ready:
            density = heat.density_km2(selected.x, selected.y, tile, words.bandwidth_m)
            return Ready.of(PNG, heat.paint(density, scale))

        async def make() -> Ready:
            async with self._turns:
                return await in_thread(render)

        return await self.cache.get((tile, wanted, words.bandwidth_m, scale, version), make)

    async def legend(
        self, words: HeatQuery | FiguresQuery, now: datetime, scope: Scope
    ) -> HeatLegend:
        """How to read the tiles of the same words.

        Raises:
            Problem: 422 on `since`.
        """
        wanted = words.case_filter(now, scope)
        selected = await self._selected(wanted)
        scale = await self._scale(selected, wanted, words.bandwidth_m, now)
        colours, opacities = heat.ramp(scale.at) if scale.breaks else ([], [])
        return HeatLegend(
            unit="cases/km²",
            n=len(selected.x),
            bandwidth_m=words.bandwidth_m,
            min_n=heat.MIN_N,
            as_of=min(wanted.as_of, now),
            since=wanted.since,
            until=wanted.until,
            breaks=list(scale.breaks),
            colours=[f"#{bytes(colour).hex()}" for colour in colours],
            opacities=opacities,
        )

    def forget(self) -> None:
        """Start anew: the cases are other ones."""
        for cache in (self.cache, self.selections, self.scales):
            cache.clear()

    async def _selected(self, wanted: CaseFilter) -> Selected:
        snapshot = self._store.snapshot

        def read() -> Selected:
            rows = self._select(snapshot, wanted)
            return Selected(snapshot.columns.x[rows], snapshot.columns.y[rows])

        return await self.selections.get((wanted, snapshot.revision), lambda: in_thread(read))

    async def _scale(
        self, selected: Selected, wanted: CaseFilter, bandwidth_m: int, now: datetime
    ) -> Scale:
        """The scale of this minute: tiles that are fetched together agree, whatever comes in."""
        if len(selected.x) < heat.MIN_N:
            return Scale(())

        def measure() -> KeptScale:
            peak = heat.peak_km2(selected.x, selected.y, bandwidth_m)
            return KeptScale(heat.scale_for(peak, bandwidth_m))

        minute = int(now.timestamp() // 60)
        key = (wanted, bandwidth_m, minute)
        return (await self.scales.get(key, lambda: in_thread(measure))).scale

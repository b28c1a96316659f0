/** What lies under the pointer, answered from the decoded tile: no request, at every zoom. */
import type { DecodedTile, TileFeature } from "./decode";

/** Even-odd test over all rings, so holes and several parts are right. Coordinates in tile units. */
export function containsPoint(feature: TileFeature, x: number, y: number): boolean {
  if (x < feature.minX || x > feature.maxX || y < feature.minY || y > feature.maxY) return false;
  const { xy, ends } = feature;
  let inside = false;
  let start = 0;
  for (const end of ends) {
    let px = xy[end - 2] ?? 0;
    let py = xy[end - 1] ?? 0;
    for (let i = start; i < end; i += 2) {
      const qx = xy[i] ?? 0;
      const qy = xy[i + 1] ?? 0;
      if (qy > y !== py > y && x < ((px - qx) * (y - qy)) / (py - qy) + qx) inside = !inside;
      px = qx;
      py = qy;
    }
    start = end;
  }
  return inside;
}

/** The polygon that contains the point (tile units), or null. */
export function polygonAt(tile: DecodedTile, x: number, y: number): TileFeature | null {
  for (const feature of tile.features) {
    if (feature.type === 3 && containsPoint(feature, x, y)) return feature;
  }
  return null;
}

export interface Placed {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** The nearest symbol whose disc (grown by `slack` px) contains the point; the later drawn wins a tie. */
export function nearestSymbol<T extends Placed>(symbols: readonly T[], x: number, y: number, slack: number): T | null {
  let best: T | null = null;
  let bestScore = Infinity;
  for (const symbol of symbols) {
    const distance = Math.hypot(symbol.x - x, symbol.y - y);
    if (distance > symbol.radius + slack) continue;
    const score = distance - symbol.radius * 0.25;
    if (score <= bestScore) {
      best = symbol;
      bestScore = score;
    }
  }
  return best;
}

/** Bins from tiles, gathered on a fixed screen grid so that circles keep a distance and do not swim while panning. */

import type { Placed } from "./hittest";

export interface BinPoint {
  /** world pixel position at the current zoom */
  readonly x: number;
  readonly y: number;
  readonly n: number;
  readonly open: number;
}

export interface Cluster {
  readonly x: number;
  readonly y: number;
  readonly n: number;
  readonly open: number;
}

/** Gather points that fall in the same square of `size_px`; the circle sits at their weighted middle. */
export function gather(points: Iterable<BinPoint>, size_px: number): Cluster[] {
  const cells = new Map<string, { x: number; y: number; n: number; open: number }>();
  for (const point of points) {
    const key = `${Math.floor(point.x / size_px)}:${Math.floor(point.y / size_px)}`;
    const cell = cells.get(key);
    if (cell) {
      cell.x += point.x * point.n;
      cell.y += point.y * point.n;
      cell.n += point.n;
      cell.open += point.open;
    } else {
      cells.set(key, { x: point.x * point.n, y: point.y * point.n, n: point.n, open: point.open });
    }
  }
  const clusters = [...cells.values()].map((cell): Cluster => {
    return { x: cell.x / cell.n, y: cell.y / cell.n, n: cell.n, open: cell.open };
  });
  return absorb(clusters, size_px / CLUSTER_PX);
}

/** A square of this size at a desk; a wall's is larger. */
export const CLUSTER_PX = 56;
/** Circles may touch a little, never hide one another's number. */
const OVERLAP = 0.86;

/** Larger circles take in the smaller ones they would cover. Ascending by count: the largest is drawn last. */
function absorb(clusters: readonly Cluster[], scale: number): Cluster[] {
  const kept: Cluster[] = [];
  for (const one of [...clusters].sort((a, b) => b.n - a.n)) {
    const reach = (other: Cluster): number => (clusterRadius(one.n) + clusterRadius(other.n)) * scale * OVERLAP;
    const at = kept.findIndex((other) => Math.hypot(other.x - one.x, other.y - one.y) < reach(other));
    const other = kept[at];
    if (other) kept[at] = { ...other, n: other.n + one.n, open: other.open + one.open };
    else kept.push(one);
  }
  return kept.sort((a, b) => a.n - b.n);
}

/** Radius in px: the area grows with the count, within a readable range. */
export function clusterRadius(n: number): number {
  if (n === 1) return 5;
  return Math.min(26, 6.5 + 2.6 * Math.log2(n));
}

/** Symbols this close are one place. */
const STACK_PX = 3;

export interface Stack extends Placed {
  readonly n: number;
}

/** Cases at one door lie on one another: how many, where there is more than one. */
export function stacks(symbols: readonly Placed[]): Stack[] {
  const places = new Map<string, { x: number; y: number; radius: number; n: number }>();
  for (const { x, y, radius } of symbols) {
    const key = `${Math.round(x / STACK_PX)}:${Math.round(y / STACK_PX)}`;
    const place = places.get(key);
    if (place) Object.assign(place, { x, y, radius, n: place.n + 1 });
    else places.set(key, { x, y, radius, n: 1 });
  }
  return [...places.values()].filter(({ n }) => n > 1);
}

/** Bins from tiles, gathered on a fixed screen grid so that circles keep a distance and do not swim while panning. */

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
  return [...cells.values()]
    .map((cell) => ({ x: cell.x / cell.n, y: cell.y / cell.n, n: cell.n, open: cell.open }))
    .sort((a, b) => a.n - b.n);
}

/** Radius in px: the area grows with the count, within a readable range. */
export function clusterRadius(n: number): number {
  return Math.min(26, 7 + 1.55 * Math.sqrt(n) * (n > 100 ? 0.7 : 1));
}

/** Which units a gesture takes in, by their label points. Coordinates of any flat plane, all the same one. */

export interface Points {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

export type At = readonly [number, number];

/** Even-odd: whether a point lies in a closed line (its last point joins its first). */
export function insideLine(line: readonly At[], x: number, y: number): boolean {
  let inside = false;
  let [px, py] = line[line.length - 1] ?? [0, 0];
  for (const [qx, qy] of line) {
    if (qy > y !== py > y && x < ((px - qx) * (y - qy)) / (py - qy) + qx) inside = !inside;
    px = qx;
    py = qy;
  }
  return inside;
}

function those(points: Points, taken: (x: number, y: number) => boolean): number[] {
  const found: number[] = [];
  for (let i = 0; i < points.x.length; i++) if (taken(points.x[i] ?? NaN, points.y[i] ?? NaN)) found.push(i);
  return found;
}

/** Units in a line drawn by hand. Fewer than three points take in nothing. */
export function inLasso(points: Points, line: readonly At[]): number[] {
  if (line.length < 3) return [];
  return those(points, (x, y) => insideLine(line, x, y));
}

/** Units in the rectangle between two corners. */
export function inRectangle(points: Points, [ax, ay]: At, [bx, by]: At): number[] {
  const [west, east] = [Math.min(ax, bx), Math.max(ax, bx)];
  const [south, north] = [Math.min(ay, by), Math.max(ay, by)];
  return those(points, (x, y) => x >= west && x <= east && y >= south && y <= north);
}

/** Units that a brush of that radius passes over on its way between two points. */
export function underBrush(points: Points, [ax, ay]: At, [bx, by]: At, radius: number): number[] {
  const dx = bx - ax;
  const dy = by - ay;
  const length2 = dx * dx + dy * dy;
  return those(points, (x, y) => {
    const along = length2 === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length2));
    return Math.hypot(x - ax - along * dx, y - ay - along * dy) <= radius;
  });
}

type Ring = readonly At[];

/** Whether a point lies in a polygon: its outer ring and holes, even-odd. */
export function insidePolygon(rings: readonly Ring[], x: number, y: number): boolean {
  return rings.reduce((inside, ring) => inside !== insideLine(ring, x, y), false);
}

/** A point in the polygon: its centroid, or the middle of the widest stretch inside beside it. */
export function labelPoint(rings: readonly Ring[]): At {
  const ring = rings[0] ?? [];
  const [x, y] = centroid(ring);
  return insidePolygon(rings, x, y) ? [x, y] : [widestAt(rings, y) ?? x, y];
}

function centroid(ring: Ring): At {
  const [ox, oy] = ring[0] ?? [0, 0];
  let twice = 0;
  let sumX = 0;
  let sumY = 0;
  ring.forEach(([ax, ay], i) => {
    const [bx, by] = ring[(i + 1) % ring.length] ?? [ox, oy];
    const cross = (ax - ox) * (by - oy) - (bx - ox) * (ay - oy);
    twice += cross;
    sumX += (ax + bx - 2 * ox) * cross;
    sumY += (ay + by - 2 * oy) * cross;
  });
  return twice === 0 ? [ox, oy] : [ox + sumX / (3 * twice), oy + sumY / (3 * twice)];
}

function widestAt(rings: readonly Ring[], y: number): number | null {
  const crossings: number[] = [];
  for (const ring of rings) {
    ring.forEach(([ax, ay], i) => {
      const [bx, by] = ring[(i + 1) % ring.length] ?? [ax, ay];
      if (ay > y !== by > y) crossings.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
    });
  }
  crossings.sort((a, b) => a - b);
  let best: number | null = null;
  let width = 0;
  for (let i = 0; i + 1 < crossings.length; i += 2) {
    const [left, right] = [crossings[i] ?? 0, crossings[i + 1] ?? 0];
    if (right - left > width) {
      width = right - left;
      best = (left + right) / 2;
    }
  }
  return best;
}

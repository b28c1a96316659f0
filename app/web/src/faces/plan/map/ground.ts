/** A bench's shapes, ready to be drawn and hit: corners as world px at zoom 0, sides, and where labels go. */
import { worldX, worldY } from "../../../map/project";
import { labelPoint, insidePolygon, type At, type Points } from "../bench/lasso";
import type { Bench } from "../bench/types";
import { sidesBetween, type Edges, type Shapes } from "./edges";

const PER_DEGREE = 1e7;

export interface BenchGround {
  readonly bench: Bench;
  readonly shapes: Shapes;
  readonly edges: Edges;
  /** corners of the sides as world px at zoom 0 */
  readonly sideWorld: Float64Array;
  /** corners as world px at zoom 0, side by side as in `shapes.xy` */
  readonly world: Float64Array;
  /** units' rings as world px at zoom 0 */
  readonly rings: readonly (readonly (readonly At[])[])[];
  readonly labels: Points;
  /** west, south, east, north, degrees */
  readonly bbox: readonly [number, number, number, number];
  /** first ring of each unit, and the number of rings */
  readonly firstRing: Int32Array;
}

export function groundOf(bench: Bench): BenchGround {
  const points = bench.units.flatMap(({ rings }) => rings.flat());
  const xy = Int32Array.from(
    points.flatMap(([lon, lat]) => [Math.round(lon * PER_DEGREE), Math.round(lat * PER_DEGREE)]),
  );
  const world = Float64Array.from(points.flatMap(([lon, lat]) => [worldX(lon, 0), worldY(lat, 0)]));
  const ends: number[] = [];
  const owner: number[] = [];
  const firstRing = new Int32Array(bench.units.length + 1);
  let at = 0;
  bench.units.forEach(({ rings }, unit) => {
    firstRing[unit] = ends.length;
    for (const ring of rings) {
      at += ring.length * 2;
      ends.push(at);
      owner.push(unit);
    }
  });
  firstRing[bench.units.length] = ends.length;
  const shapes: Shapes = { xy, ends: Int32Array.from(ends), owner: Int32Array.from(owner) };
  const rings = bench.units.map((unit) =>
    unit.rings.map((ring) => ring.map(([lon, lat]): At => [worldX(lon, 0), worldY(lat, 0)])),
  );
  const places = rings.map(labelPoint);
  const sides = sidesBetween(shapes);
  return {
    bench,
    shapes,
    world,
    rings,
    firstRing,
    edges: sides.edges,
    sideWorld: Float64Array.from(sides.xy, (value, i) =>
      i % 2 === 0 ? worldX(value / PER_DEGREE, 0) : worldY(value / PER_DEGREE, 0),
    ),
    labels: { x: Float64Array.from(places, ([x]) => x), y: Float64Array.from(places, ([, y]) => y) },
    bbox: boxOf(points),
  };
}

function boxOf(points: readonly (readonly [number, number])[]): [number, number, number, number] {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of points) {
    box[0] = Math.min(box[0], lon);
    box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lon);
    box[3] = Math.max(box[3], lat);
  }
  return box;
}

/** The unit that contains a point (world px at zoom 0), or null. */
export function unitAt(ground: BenchGround, x: number, y: number): number | null {
  const found = ground.rings.findIndex((rings) => insidePolygon(rings, x, y));
  return found < 0 ? null : found;
}

/** Box around some units, degrees; null for none. */
export function boxOfUnits(ground: BenchGround, units: readonly number[]): [number, number, number, number] | null {
  const points = units.flatMap((unit) => ground.bench.units[unit]?.rings.flat() ?? []);
  return points.length > 0 ? boxOf(points) : null;
}

/** The nearest unit in a direction (screen: right 1, 0; up 0, -1): what an arrow key steps to. */
export function stepFrom(ground: BenchGround, from: number, dx: number, dy: number): number {
  const { x, y } = ground.labels;
  let best = from;
  let least = Infinity;
  for (let i = 0; i < x.length; i++) {
    const ax = (x[i] ?? 0) - (x[from] ?? 0);
    const ay = (y[i] ?? 0) - (y[from] ?? 0);
    const along = ax * dx + ay * dy;
    if (i === from || along <= 0) continue;
    const aside = Math.abs(ax * dy - ay * dx);
    if (aside > along * 1.5) continue;
    const far = along + 2 * aside;
    if (far < least) {
      least = far;
      best = i;
    }
  }
  return best;
}

/** For each cell the unit in its midst, for its number. `cellOf` gives the cell of a unit. */
export function cellLabels(ground: BenchGround, cellOf: (unit: number) => number): Map<number, number> {
  const { x, y } = ground.labels;
  const sums = new Map<number, [number, number, number]>();
  ground.bench.units.forEach(({ area_m2 }, i) => {
    const sum = sums.get(cellOf(i)) ?? [0, 0, 0];
    sums.set(cellOf(i), [sum[0] + area_m2 * (x[i] ?? 0), sum[1] + area_m2 * (y[i] ?? 0), sum[2] + area_m2]);
  });
  const best = new Map<number, { unit: number; far: number }>();
  ground.bench.units.forEach((_, i) => {
    const [sx, sy, area] = sums.get(cellOf(i)) ?? [0, 0, 1];
    const far = Math.hypot((x[i] ?? 0) - sx / area, (y[i] ?? 0) - sy / area);
    const known = best.get(cellOf(i));
    if (!known || far < known.far) best.set(cellOf(i), { unit: i, far });
  });
  return new Map([...best].map(([cell, { unit }]) => [cell, unit]));
}

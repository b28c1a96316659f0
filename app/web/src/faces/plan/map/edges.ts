/**
 * Which sides of shapes lie between which two of them: found once for a set of shapes, so that the borders of cells are a
 * walk over numbers each time a unit changes its cell. Tiles leave out corners that lie on a straight line, so a corner of
 * one shape may lie on a side of the next: sides that find no partner are cut there first.
 */

export interface Shapes {
  /** x0, y0, x1, y1, … of all rings, one after another, as whole numbers */
  readonly xy: Int32Array;
  /** index into `xy` where each ring ends */
  readonly ends: Int32Array;
  /** which shape each ring belongs to */
  readonly owner: Int32Array;
}

export interface Edges {
  /** indices into `xy` of the two points */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** the shape on one side, and on the other; -1: nothing lies there */
  readonly one: Int32Array;
  readonly other: Int32Array;
}

const NOBODY = -1;

/** All sides, each once, in the order of the rings: what belongs together stays together. */
export function edgesOf(shapes: Shapes): Edges {
  const { xy, ends, owner } = shapes;
  const most = xy.length / 2;
  const from = new Int32Array(most);
  const to = new Int32Array(most);
  const one = new Int32Array(most);
  const other = new Int32Array(most).fill(NOBODY);
  const slots = 2 ** Math.ceil(Math.log2(Math.max(8, most * 2)));
  const table = new Int32Array(slots).fill(NOBODY);
  let count = 0;

  const same = (edge: number, a: number, b: number): boolean => {
    const p = from[edge] ?? 0;
    const q = to[edge] ?? 0;
    const alike = (i: number, j: number): boolean => xy[i] === xy[j] && xy[i + 1] === xy[j + 1];
    return (alike(p, a) && alike(q, b)) || (alike(p, b) && alike(q, a));
  };
  const put = (a: number, b: number, shape: number): void => {
    // The same for both directions.
    const mixed =
      Math.imul((xy[a] ?? 0) + (xy[b] ?? 0), 0x9e3779b1) ^ Math.imul((xy[a + 1] ?? 0) + (xy[b + 1] ?? 0), 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & (slots - 1);
    for (;;) {
      const edge = table[slot] ?? NOBODY;
      if (edge === NOBODY) break;
      if (same(edge, a, b)) {
        if (other[edge] === NOBODY && one[edge] !== shape) other[edge] = shape;
        return;
      }
      slot = (slot + 1) & (slots - 1);
    }
    table[slot] = count;
    from[count] = a;
    to[count] = b;
    one[count] = shape;
    count++;
  };

  let start = 0;
  ends.forEach((end, ring) => {
    const shape = owner[ring] ?? NOBODY;
    for (let i = start; i < end; i += 2) {
      const next = i + 2 < end ? i + 2 : start;
      if (xy[i] !== xy[next] || xy[i + 1] !== xy[next + 1]) put(i, next, shape);
    }
    start = end;
  });
  return {
    from: from.subarray(0, count),
    to: to.subarray(0, count),
    one: one.subarray(0, count),
    other: other.subarray(0, count),
  };
}

export interface Sides {
  /** corners, those that were put in included */
  readonly xy: Int32Array;
  readonly edges: Edges;
}

/** The sides of shapes, cut wherever a corner of another one lies on them. */
export function sidesBetween(shapes: Shapes): Sides {
  const edges = edgesOf(shapes);
  const cuts = cutsOf(shapes, edges);
  if (cuts.size === 0) return { xy: shapes.xy, edges };
  const whole = withCuts(shapes, cuts);
  return { xy: whole.xy, edges: edgesOf(whole) };
}

const LEAST_BIN = 64;
const BINS_ACROSS = 128;
const TOLERANCE = 1.5;
const binKey = (x: number, y: number, bin: number): number => Math.floor(x / bin) * 0x4000000 + Math.floor(y / bin);

/** Bins as fine as the shapes are spread, so that a side passes few of them whatever the unit of its numbers. */
function binSize(xy: Int32Array): number {
  const far = [Infinity, -Infinity, Infinity, -Infinity] as [number, number, number, number];
  for (let i = 0; i < xy.length; i += 2) {
    far[0] = Math.min(far[0], xy[i] ?? 0);
    far[1] = Math.max(far[1], xy[i] ?? 0);
    far[2] = Math.min(far[2], xy[i + 1] ?? 0);
    far[3] = Math.max(far[3], xy[i + 1] ?? 0);
  }
  return Math.max(LEAST_BIN, (far[1] - far[0]) / BINS_ACROSS, (far[3] - far[2]) / BINS_ACROSS);
}

/** Corners that lie on sides without a partner: by the index of the side's first point, in order along it. */
function cutsOf({ xy }: Shapes, edges: Edges): Map<number, number[]> {
  const alone: number[] = [];
  edges.other.forEach((other, i) => {
    if (other === NOBODY) alone.push(i);
  });
  if (alone.length === 0) return new Map();
  const size = binSize(xy);
  const bins = new Map<number, number[]>();
  for (const i of alone) {
    for (const point of [edges.from[i] ?? 0, edges.to[i] ?? 0]) {
      const key = binKey(xy[point] ?? 0, xy[point + 1] ?? 0, size);
      const bin = bins.get(key);
      if (bin) bin.push(point);
      else bins.set(key, [point]);
    }
  }
  const cuts = new Map<number, number[]>();
  for (const i of alone) {
    const from = edges.from[i] ?? 0;
    const found = cornersOn(xy, from, edges.to[i] ?? 0, bins, size);
    if (found.length > 0) cuts.set(from, found);
  }
  return cuts;
}

function cornersOn(
  xy: Int32Array,
  from: number,
  to: number,
  bins: ReadonlyMap<number, readonly number[]>,
  size: number,
): number[] {
  const [ax, ay, bx, by] = [xy[from] ?? 0, xy[from + 1] ?? 0, xy[to] ?? 0, xy[to + 1] ?? 0];
  const [dx, dy] = [bx - ax, by - ay];
  const length = Math.hypot(dx, dy);
  const found: [number, number][] = [];
  // From bin to bin along the side, and those beside it.
  const seen = new Set<number>();
  const steps = Math.ceil(length / (size / 2));
  for (let step = 0; step <= steps; step++) {
    const [x, y] = [ax + (dx * step) / steps, ay + (dy * step) / steps];
    for (const [sx, sy] of [
      [-TOLERANCE, -TOLERANCE],
      [TOLERANCE, -TOLERANCE],
      [-TOLERANCE, TOLERANCE],
      [TOLERANCE, TOLERANCE],
    ] as const) {
      const key = binKey(x + sx, y + sy, size);
      if (seen.has(key)) continue;
      seen.add(key);
      for (const point of bins.get(key) ?? []) {
        const [px, py] = [(xy[point] ?? 0) - ax, (xy[point + 1] ?? 0) - ay];
        const along = (px * dx + py * dy) / length;
        if (along <= TOLERANCE || along >= length - TOLERANCE || Math.abs(px * dy - py * dx) / length > TOLERANCE)
          continue;
        found.push([along, point]);
      }
    }
  }
  found.sort(([a], [b]) => a - b);
  return found.map(([, point]) => point);
}

function withCuts({ xy, ends, owner }: Shapes, cuts: ReadonlyMap<number, readonly number[]>): Shapes {
  const corners: number[] = [];
  const rings: number[] = [];
  let start = 0;
  for (const end of ends) {
    for (let i = start; i < end; i += 2) {
      for (const point of [i, ...(cuts.get(i) ?? [])]) corners.push(xy[point] ?? 0, xy[point + 1] ?? 0);
    }
    rings.push(corners.length);
    start = end;
  }
  return { xy: Int32Array.from(corners), ends: Int32Array.from(rings), owner };
}

/** Walk over the sides that are wanted, as lines as long as they go; `x` and `y` give a point's place by its index. */
export function traceEdges(
  ctx: Pick<CanvasRenderingContext2D, "moveTo" | "lineTo">,
  edges: Edges,
  wanted: (one: number, other: number) => boolean,
  x: (point: number) => number,
  y: (point: number) => number,
): void {
  let last = NOBODY;
  for (let i = 0; i < edges.from.length; i++) {
    if (!wanted(edges.one[i] ?? NOBODY, edges.other[i] ?? NOBODY)) continue;
    const a = edges.from[i] ?? 0;
    const b = edges.to[i] ?? 0;
    if (a !== last) ctx.moveTo(x(a), y(a));
    ctx.lineTo(x(b), y(b));
    last = b;
  }
}

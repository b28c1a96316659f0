/**
 * Which sides of shapes lie between which two of them: found once for a set of shapes, so that the borders of cells are a
 * walk over numbers each time a unit changes its cell. Neighbours must share their vertices, as those of a coverage do.
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
    const mixed = Math.imul((xy[a] ?? 0) + (xy[b] ?? 0), 0x9e3779b1) ^ Math.imul((xy[a + 1] ?? 0) + (xy[b + 1] ?? 0), 0x85ebca6b);
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
  return { from: from.subarray(0, count), to: to.subarray(0, count), one: one.subarray(0, count), other: other.subarray(0, count) };
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

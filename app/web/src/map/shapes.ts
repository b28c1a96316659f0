/** One shape per stage, drawn the same on the map, in the list and in the legend. Unit: radius 1 around 0, 0. */

export type ShapeName = "circle" | "diamond" | "triangle" | "square" | "hexagon" | "ring";

/** Index = stage index of the tiles: reported, registered, assigned, handling, checking, closed. */
export const STAGE_SHAPES: readonly ShapeName[] = ["circle", "diamond", "triangle", "square", "hexagon", "ring"];

const POLYGONS: Partial<Record<ShapeName, readonly (readonly [number, number])[]>> = {
  diamond: [
    [0, -1.2],
    [1.2, 0],
    [0, 1.2],
    [-1.2, 0],
  ],
  triangle: [
    [0, -1.15],
    [1.1, 0.85],
    [-1.1, 0.85],
  ],
  square: [
    [-0.88, -0.88],
    [0.88, -0.88],
    [0.88, 0.88],
    [-0.88, 0.88],
  ],
  hexagon: [
    [-0.55, -0.98],
    [0.55, -0.98],
    [1.1, 0],
    [0.55, 0.98],
    [-0.55, 0.98],
    [-1.1, 0],
  ],
};

/** Add the shape's outline to the current path of a canvas. */
export function traceShape(ctx: CanvasRenderingContext2D, shape: ShapeName, x: number, y: number, r: number): void {
  const points = POLYGONS[shape];
  if (!points) {
    ctx.moveTo(x + r, y);
    ctx.arc(x, y, r, 0, 2 * Math.PI);
    return;
  }
  points.forEach(([px, py], i) => (i === 0 ? ctx.moveTo(x + px * r, y + py * r) : ctx.lineTo(x + px * r, y + py * r)));
  ctx.closePath();
}

/** The same outline for an inline SVG of the given radius around 0, 0; circles and rings have none. */
export function shapePoints(shape: ShapeName, r: number): string | null {
  const points = POLYGONS[shape];
  return points ? points.map(([x, y]) => `${(x * r).toFixed(2)},${(y * r).toFixed(2)}`).join(" ") : null;
}

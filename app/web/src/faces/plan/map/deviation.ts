/** Deviation in classes, blue below the mean, grey about it, orange above. Pure: colours are handed in. */

/** Inner edges of the classes, shares. A class holds its edge on the side of the mean. */
export const EDGES = [-0.4, -0.2, -0.1, 0.1, 0.2, 0.4] as const;
export const CLASSES = EDGES.length + 1;
export const MIDDLE = EDGES.length / 2;

const ROUNDING = 1e-9;

/** 0 (far below) .. 6 (far above); a cell right on a bound is within it. */
export function deviationClass(deviation: number): number {
  let index = 0;
  for (const edge of EDGES) if (edge < 0 ? deviation >= edge - ROUNDING : deviation > edge + ROUNDING) index++;
  return index;
}

/** How many free cells there are in each class. */
export function classCounts(
  cells: Iterable<{ readonly deviation: number; readonly free: boolean }>,
): readonly number[] {
  const counts = new Array<number>(CLASSES).fill(0);
  for (const { deviation, free } of cells) {
    if (!free) continue;
    const index = deviationClass(deviation);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

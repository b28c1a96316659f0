/** A community on squared paper: `columns` x `rows` units of 10 m, one household each more than the last. */
import type { Bench, BenchUnit } from "../src/faces/plan/bench/types";

export const COMMUNITY = 620111001001000;
export const cellCode = (n: number): number => COMMUNITY + n;

const SIDE_M = 10;

export function squares(rows: readonly string[], changes: Partial<Bench> = {}): Bench {
  const columns = rows[0]?.length ?? 0;
  const units: BenchUnit[] = rows.flatMap((row, y) =>
    Array.from(row, (digit) => digit).map((digit, x) => {
      const cell = cellCode(Number(digit));
      const ring: [number, number][] = [
        [x, y],
        [x + 1, y],
        [x + 1, y + 1],
        [x, y + 1],
      ];
      const index = y * columns + x;
      return {
        unit_id: 1000 + index,
        cell,
        today: cell,
        households: 10 + index,
        incidents: index % 3,
        load: 10 + index + 2 * (index % 3),
        locked: false,
        area_m2: SIDE_M ** 2,
        rim_m: 4 * SIDE_M,
        rings: [ring],
      };
    }),
  );
  const borders: [number, number, number, boolean, boolean][] = [];
  units.forEach((_, i) => {
    if ((i + 1) % columns !== 0) borders.push([i, i + 1, SIDE_M, false, true]);
    if (i + columns < units.length) borders.push([i, i + columns, SIDE_M, true, true]);
  });
  const codes = [...new Set(units.map(({ cell }) => cell))].sort((a, b) => a - b);
  return {
    code: COMMUNITY,
    name: "方格社区",
    revision: 1,
    mean_load: 0,
    cells: codes.map((code) => ({ code, name: "方格社区", kind: "ordinary", locked: false, today: true })),
    model: {},
    dissolved: [],
    units,
    borders,
    ...changes,
  };
}

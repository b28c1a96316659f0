/** Moves of a plan, gathered by where they come from and go to. Pure. */
import type { MoveRow } from "./rows";

export interface Change {
  readonly from: number;
  readonly to: number;
  readonly units: readonly number[];
  readonly households: number;
}

/** The largest first; those of one community only, if one is given (0: all). */
export function changesOf(moves: ReadonlyMap<number, MoveRow>, community: number): readonly Change[] {
  const found = new Map<string, { from: number; to: number; units: number[]; households: number }>();
  for (const [unit, { before, after, households }] of moves) {
    if (community !== 0 && Math.floor(before / 1000) * 1000 !== community) continue;
    const key = `${before}>${after}`;
    const known = found.get(key) ?? { from: before, to: after, units: [], households: 0 };
    known.units.push(unit);
    known.households += households;
    found.set(key, known);
  }
  return [...found.values()].sort((a, b) => b.households - a.households || a.from - b.from || a.to - b.to);
}

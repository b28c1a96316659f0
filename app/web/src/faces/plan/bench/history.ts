/**
 * What is done on the map but not accepted yet: gestures, each of which can be taken back. Accepted edits are the server's
 * to undo. Nothing here changes what it is given.
 */

/** unit id -> the cell into which the gesture put it */
export type Moves = ReadonlyMap<number, number>;

export interface Pending {
  readonly gestures: readonly Moves[];
  /** so many of them are in force; the rest can be done again */
  readonly at: number;
}

export const NOTHING: Pending = { gestures: [], at: 0 };

export const canTakeBack = ({ at }: Pending): boolean => at > 0;
export const canDoAgain = ({ gestures, at }: Pending): boolean => at < gestures.length;

/** Another gesture; what had been taken back is forgotten. An empty one changes nothing. */
export function gesture(pending: Pending, moves: Moves): Pending {
  if (moves.size === 0) return pending;
  const gestures = [...pending.gestures.slice(0, pending.at), moves];
  return { gestures, at: gestures.length };
}

export function takeBack(pending: Pending): Pending {
  return canTakeBack(pending) ? { ...pending, at: pending.at - 1 } : pending;
}

export function doAgain(pending: Pending): Pending {
  return canDoAgain(pending) ? { ...pending, at: pending.at + 1 } : pending;
}

/** Where units end up, without those that are where the draft has them anyway. */
export function net(pending: Pending, cellOf: (unit: number) => number | undefined): Moves {
  const last = new Map<number, number>();
  for (const moves of pending.gestures.slice(0, pending.at)) for (const [unit, cell] of moves) last.set(unit, cell);
  for (const [unit, cell] of last) if (cellOf(unit) === cell) last.delete(unit);
  return last;
}

/** The same moves with another number for a cell: somebody else has taken that of the new one. */
export function renumbered({ gestures, at }: Pending, from: number, to: number): Pending {
  return {
    at,
    gestures: gestures.map((moves) => new Map([...moves].map(([unit, cell]) => [unit, cell === from ? to : cell]))),
  };
}

/** What is left of it on a draft that somebody else has changed: one gesture of the moves that are still possible. */
export function stillPossible(
  pending: Pending,
  cellOf: (unit: number) => number | undefined,
  allowed: (unit: number, cell: number) => boolean,
): Pending {
  const kept = [...net(pending, cellOf)].filter(([unit, cell]) => allowed(unit, cell));
  return gesture(NOTHING, new Map(kept));
}

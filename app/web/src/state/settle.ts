/**
 * A list that changes under somebody's eyes. Rows keep their places: what is new waits to be let in, what is gone stays,
 * faded, until the list is settled again. Pure.
 */
export interface Keyed {
  readonly no: number;
}

export interface Settled<T extends Keyed> {
  readonly rows: readonly T[];
  /** numbers of rows that the newest answer no longer has */
  readonly gone: ReadonlySet<number>;
  /** rows of the newest answer that are not shown yet */
  readonly waiting: number;
  /** the newest answer has the same rows in another order */
  readonly reordered: boolean;
}

/** Everything as the newest answer has it. */
export function settled<T extends Keyed>(fresh: readonly T[]): Settled<T> {
  return { rows: fresh, gone: new Set(), waiting: 0, reordered: false };
}

/** The shown rows with the newest contents, each where it stood. */
export function held<T extends Keyed>(shown: readonly T[], fresh: readonly T[]): Settled<T> {
  const newest = new Map(fresh.map((row) => [row.no, row]));
  const known = new Set(shown.map((row) => row.no));
  const rows = shown.map((row) => newest.get(row.no) ?? row);
  const gone = new Set(shown.filter((row) => !newest.has(row.no)).map((row) => row.no));
  const kept = rows.filter((row) => !gone.has(row.no)).map((row) => row.no);
  const wanted = fresh.filter((row) => known.has(row.no)).map((row) => row.no);
  return { rows, gone, waiting: fresh.length - wanted.length, reordered: kept.some((no, at) => no !== wanted[at]) };
}

/** The shown rows where they stood, and behind them what the newest answer has besides. */
export function grown<T extends Keyed>(shown: readonly T[], fresh: readonly T[]): Settled<T> {
  const known = new Set(shown.map((row) => row.no));
  return held([...shown, ...fresh.filter((row) => !known.has(row.no))], fresh);
}

/** Whether there is something to settle. */
export function isUnsettled(list: Settled<Keyed>): boolean {
  return list.gone.size > 0 || list.waiting > 0 || list.reordered;
}

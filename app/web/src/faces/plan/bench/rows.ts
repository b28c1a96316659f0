/** Cells and moves of a plan, row by row. Pure. */
import type { CellColumns, EditAnswer, MoveColumns } from "./types";

export interface CellRow {
  readonly code: number;
  readonly name: string;
  readonly load: number;
  readonly load_today: number | null;
  readonly deviation: number;
  readonly deviation_today: number | null;
  readonly households: number;
  readonly incidents: number;
  readonly pieces: number;
  readonly free: boolean;
  readonly changed: boolean;
}

export interface MoveRow {
  readonly before: number;
  readonly after: number;
  readonly households: number;
}

export interface Figures {
  readonly plan: number;
  readonly revision: number;
  readonly cells: ReadonlyMap<number, CellRow>;
  /** by unit id */
  readonly moves: ReadonlyMap<number, MoveRow>;
}

export function rowsOf(columns: CellColumns): Map<number, CellRow> {
  const rows = new Map<number, CellRow>();
  columns.code.forEach((code, i) => {
    rows.set(code, {
      code,
      name: columns.name[i] ?? "",
      load: columns.load[i] ?? 0,
      load_today: columns.load_today[i] ?? null,
      deviation: columns.deviation[i] ?? 0,
      deviation_today: columns.deviation_today[i] ?? null,
      households: columns.households[i] ?? 0,
      incidents: columns.incidents[i] ?? 0,
      pieces: columns.pieces[i] ?? 1,
      free: columns.free[i] ?? true,
      changed: columns.changed[i] ?? false,
    });
  });
  return rows;
}

export function movesOf(columns: MoveColumns): Map<number, MoveRow> {
  const rows = new Map<number, MoveRow>();
  columns.unit_id.forEach((unit, i) => {
    rows.set(unit, {
      before: columns.before[i] ?? 0,
      after: columns.after[i] ?? 0,
      households: columns.households[i] ?? 0,
    });
  });
  return rows;
}

/** The moves of a plan after an edit of it; `households` gives those of a unit. */
export function movedOn(
  moves: ReadonlyMap<number, MoveRow>,
  edit: Pick<EditAnswer, "moves">,
  households: (unit: number) => number,
): Map<number, MoveRow> {
  const now = new Map(moves);
  for (const { unit_id, before, after } of edit.moves) {
    const base = now.get(unit_id)?.before ?? before;
    if (base === after) now.delete(unit_id);
    else now.set(unit_id, { before: base, after, households: now.get(unit_id)?.households ?? households(unit_id) });
  }
  return now;
}

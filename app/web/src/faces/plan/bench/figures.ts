/**
 * The whole plan as the map colours it: its cells with their deviation, and the units that it moves. Fetched once a plan;
 * after an edit only the communities that it touched are asked again.
 */
import { effect, signal } from "@preact/signals";
import { get } from "../../../api/client";
import { asProblem, isAbort, type Problem } from "../../../api/problem";
import { ancestorAt } from "../../../state/codes";
import { track } from "../../../state/resource";
import { here, PATH, planId, revision } from "../state";
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

export interface FiguresState {
  readonly data: Figures | null;
  readonly loading: boolean;
  readonly error: Problem | null;
}

const NONE: FiguresState = { data: null, loading: false, error: null };
export const figures = signal<FiguresState>(NONE);
const again = signal(0);
/** More communities than this are asked for all at once. */
const ONE_BY_ONE = 6;

export const retryFigures = (): void => {
  again.value++;
};

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

function movesOf(columns: MoveColumns): Map<number, MoveRow> {
  const rows = new Map<number, MoveRow>();
  columns.unit_id.forEach((unit, i) => {
    rows.set(unit, { before: columns.before[i] ?? 0, after: columns.after[i] ?? 0, households: columns.households[i] ?? 0 });
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

const cellsAsked = (id: number, area?: number, stop?: AbortSignal): Promise<CellColumns> =>
  get<CellColumns>(`${PATH}/${id}/cells`, { area }, stop);

effect(() => {
  const id = here() ? planId.value : 0;
  const at = revision.value;
  track(again.value);
  const known = figures.peek().data;
  if (id === 0) {
    figures.value = NONE;
    return undefined;
  }
  if (at === 0 || (known?.plan === id && known.revision === at && figures.peek().error === null)) return undefined;
  const abort = new AbortController();
  figures.value = { data: known?.plan === id ? known : null, loading: true, error: null };
  Promise.all([cellsAsked(id, undefined, abort.signal), get<MoveColumns>(`${PATH}/${id}/moves`, {}, abort.signal)]).then(
    ([cells, moves]) => {
      if (abort.signal.aborted) return;
      figures.value = { data: { plan: id, revision: at, cells: rowsOf(cells), moves: movesOf(moves) }, loading: false, error: null };
    },
    (reason: unknown) => {
      if (abort.signal.aborted || isAbort(reason)) return;
      figures.value = { ...figures.peek(), loading: false, error: asProblem(reason) };
    },
  );
  return () => abort.abort();
});

/** A change of ours that moves nothing: what is known is of this revision too. */
export function reached(at: number): void {
  const { data } = figures.peek();
  if (data) figures.value = { ...figures.peek(), data: { ...data, revision: at } };
}

/** An edit of ours: take it over at once, and ask for the figures of the communities that it touched. */
export async function follow(edit: EditAnswer, households: (unit: number) => number): Promise<void> {
  const known = figures.peek().data;
  if (!known) return;
  figures.value = {
    ...figures.peek(),
    data: { ...known, revision: edit.revision, moves: movedOn(known.moves, edit, households) },
  };
  await refresh(new Set(edit.moves.flatMap(({ before, after }) => [before, after]).map((cell) => ancestorAt(cell, "community"))));
}

/** Ask again for the cells of some communities. */
export async function refresh(communities: ReadonlySet<number>): Promise<void> {
  const known = figures.peek().data;
  if (!known || communities.size === 0) return;
  try {
    const asked = communities.size > ONE_BY_ONE ? [undefined] : [...communities];
    const answers = await Promise.all(asked.map((area) => cellsAsked(known.plan, area)));
    const now = figures.peek();
    if (now.data?.plan !== known.plan) return;
    const kept = asked[0] === undefined ? [] : [...now.data.cells].filter(([code]) => !communities.has(ancestorAt(code, "community")));
    figures.value = { ...now, error: null, data: { ...now.data, cells: new Map([...kept, ...answers.flatMap((answer) => [...rowsOf(answer)])]) } };
  } catch (reason) {
    figures.value = { ...figures.peek(), error: asProblem(reason) };
  }
}

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
import { movedOn, movesOf, rowsOf, type Figures } from "./rows";
import type { CellColumns, EditAnswer, MoveColumns } from "./types";

export interface FiguresState {
  readonly data: Figures | null;
  readonly loading: boolean;
  readonly error: Problem | null;
}

const NONE: FiguresState = { data: null, loading: false, error: null };
export const figures = signal<FiguresState>(NONE);
const again = signal(0);
const RETRY_MS = 10_000;
/** More communities than this are asked for all at once. */
const ONE_BY_ONE = 6;

export const retryFigures = (): void => {
  again.value++;
};

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
  Promise.all([
    cellsAsked(id, undefined, abort.signal),
    get<MoveColumns>(`${PATH}/${id}/moves`, {}, abort.signal),
  ]).then(
    ([cells, moves]) => {
      if (abort.signal.aborted) return;
      figures.value = {
        data: { plan: id, revision: at, cells: rowsOf(cells), moves: movesOf(moves) },
        loading: false,
        error: null,
      };
    },
    (reason: unknown) => {
      if (abort.signal.aborted || isAbort(reason)) return;
      figures.value = { ...figures.peek(), loading: false, error: asProblem(reason) };
    },
  );
  return () => abort.abort();
});

// A server that was away is asked again.
effect(() => {
  const { error, loading } = figures.value;
  if (loading || !error || !(error.offline || error.status >= 500)) return undefined;
  const timer = window.setTimeout(retryFigures, RETRY_MS);
  return () => window.clearTimeout(timer);
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
  await refresh(
    new Set(edit.moves.flatMap(({ before, after }) => [before, after]).map((cell) => ancestorAt(cell, "community"))),
  );
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
    const kept =
      asked[0] === undefined
        ? []
        : [...now.data.cells].filter(([code]) => !communities.has(ancestorAt(code, "community")));
    figures.value = {
      ...now,
      error: null,
      data: { ...now.data, cells: new Map([...kept, ...answers.flatMap((answer) => [...rowsOf(answer)])]) },
    };
  } catch (reason) {
    figures.value = { ...figures.peek(), error: asProblem(reason) };
  }
}

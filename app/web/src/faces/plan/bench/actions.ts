/** What is done to the plan from the map: pending gestures here, edits at the server. */
import { batch, effect } from "@preact/signals";
import { write } from "../../../api/client";
import { deed } from "../../../state/deed";
import { ancestorAt, within } from "../../../state/codes";
import { live as wire } from "../../../state/livefeed";
import { canEdit, openedPlan, PATH, plan, putPlan, reloadPlan } from "../state";
import type { Plan } from "../types";
import { figures, follow, reached, refresh } from "./figures";
import { canDoAgain, canTakeBack, doAgain, gesture, takeBack } from "./history";
import {
  bench,
  dropPending,
  drawing,
  growing,
  notice,
  pending,
  pendingMoves,
  reloadBench,
  target,
  whatIsSent,
} from "./store";
import type { EditAnswer, EditAsked } from "./types";

export const edits = deed();
const STALE = 412;

// The server is back: what was said of its absence is no longer true.
effect(() => {
  if (wire.value.connected && edits.problem.peek()?.offline) edits.forget();
});

/** Put units (indices) into the chosen cell as one gesture, as far as they may move. */
export function put(units: readonly number[], cell = target.peek()): void {
  pending.value = gesture(pending.peek(), movesInto(units, cell));
}

/** The moves that would put units into a cell; those that may not, or lie there, are left out. */
export function movesInto(units: readonly number[], cell: number): Map<number, number> {
  const drawn = drawing.peek();
  const moves = new Map<number, number>();
  if (!drawn || cell === 0 || !canEdit.peek()) return moves;
  for (const unit of units) {
    const id = drawn.bench.units[unit]?.unit_id;
    if (id !== undefined && drawn.cellOf(unit) !== cell && drawn.mayMove(unit, cell)) moves.set(id, cell);
  }
  return moves;
}

/** One unit: into the chosen cell, or back to where the draft has it. */
export function toggleUnit(unit: number): void {
  const drawn = drawing.peek();
  const known = drawn?.bench.units[unit];
  if (!drawn || !known) return;
  put([unit], drawn.isPending(unit) && drawn.cellOf(unit) === target.peek() ? known.cell : target.peek());
}

/** The gesture under way ends: it is pending now. */
export function settleGesture(): void {
  batch(() => {
    pending.value = gesture(pending.peek(), growing.peek());
    growing.value = new Map();
  });
}

export const cancelPending = dropPending;

async function change(name: string, path: string, body?: unknown): Promise<EditAnswer | null> {
  const opened = openedPlan.peek();
  if (!opened) return null;
  const answers: EditAnswer[] = [];
  const done = await edits.run(name, async () => {
    answers.push(await write<EditAnswer>("POST", `${PATH}/${opened.id}${path}`, body, opened.revision));
  });
  const [answer] = answers;
  if (answer) taken(answer);
  else if (!done) whenRefused();
  return answer ?? null;
}

/** Somebody else was faster: show what they did, and keep what is pending if it is still possible. */
function whenRefused(): void {
  const status = edits.problem.peek()?.status;
  if (status !== STALE && status !== 409) return;
  if (status === STALE) {
    edits.forget();
    notice.value = { kind: "conflict" };
  }
  reloadPlan();
  reloadBench();
}

/** The server has changed the plan as we asked. */
function taken(answer: EditAnswer): void {
  const households = new Map(bench.value.peek().data?.units.map((unit) => [unit.unit_id, unit.households]));
  const now = new Map(answer.moves.map(({ unit_id, after }) => [unit_id, after]));
  batch(() => {
    notice.value = answer.moves.length === 0 ? { kind: "nothing" } : null;
    void follow(answer, (unit) => households.get(unit) ?? 0);
    plan.patch((known) => ({ ...known, revision: answer.revision }));
    bench.patch((known) => ({
      ...known,
      revision: answer.revision,
      units: known.units.map((unit) => ({ ...unit, cell: now.get(unit.unit_id) ?? unit.cell })),
    }));
  });
  reloadPlan();
  reloadBench();
}

export async function edit(asked: EditAsked): Promise<EditAnswer | null> {
  if (!canEdit.peek()) return null;
  return change(asked.kind, "/edits", asked);
}

/** Accept what is pending. */
export async function accept(): Promise<EditAnswer | null> {
  const moves = [...pendingMoves.peek()].map(([unit_id, cell_code]) => ({ unit_id, cell_code }));
  if (moves.length === 0) return null;
  const drop = whatIsSent();
  const answer = await edit({ kind: "move", moves });
  if (answer) drop();
  return answer;
}

/** Put cells that lie in pieces together again; what is pending is accepted first. */
export async function mend(): Promise<void> {
  const area = bench.value.peek().data?.code;
  if (area === undefined) return;
  if (pendingMoves.peek().size > 0 && !(await accept())) return;
  const answer = await edit({ kind: "mend", area_code: area });
  if (answer && answer.moves.length > 0) notice.value = { kind: "mended", n: answer.moves.length };
}

/** The last gesture that is not accepted, else the last edit of the plan. */
export async function undo(): Promise<void> {
  if (canTakeBack(pending.peek())) pending.value = takeBack(pending.peek());
  else if (canEdit.peek() && openedPlan.peek()?.can_undo) await change("undo", "/undo");
}

export async function redo(): Promise<void> {
  if (canDoAgain(pending.peek())) pending.value = doAgain(pending.peek());
  else if (pendingMoves.peek().size === 0 && canEdit.peek() && openedPlan.peek()?.can_redo)
    await change("redo", "/redo");
}

export const split = (cell: number): Promise<EditAnswer | null> => edit({ kind: "split", cell_code: cell });
export const join = (cell: number, into: number): Promise<EditAnswer | null> =>
  edit({ kind: "join", cell_code: cell, into });
export const resetCell = (cell: number): Promise<EditAnswer | null> => edit({ kind: "reset", cell_code: cell });

/** Lock a cell or a larger area, or let it go. */
export async function setLock(code: number, on: boolean): Promise<void> {
  const opened = openedPlan.peek();
  if (!opened || !canEdit.peek()) return;
  const done = await edits.run("lock", async () => {
    const now = await write<Plan>(
      on ? "PUT" : "DELETE",
      `${PATH}/${opened.id}/locks/${code}`,
      undefined,
      opened.revision,
    );
    batch(() => {
      reached(now.revision);
      putPlan(now);
    });
  });
  if (!done) {
    whenRefused();
    return;
  }
  reloadBench();
  const communities = [...(figures.peek().data?.cells.keys() ?? [])].map((cell) => ancestorAt(cell, "community"));
  await refresh(new Set(communities.filter((community) => within(community, code) || within(code, community))));
}

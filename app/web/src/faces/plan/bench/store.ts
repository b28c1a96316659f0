/** The community that is open: as the server has it, what is pending on it, and its figures with that. */
import { computed, effect, signal } from "@preact/signals";
import { get } from "../../../api/client";
import { resource } from "../../../state/resource";
import { setFaceParams } from "../../../state/face";
import { benchCode, canEdit, here, PATH, planId, revision } from "../state";
import { net, NOTHING, stillPossible, type Moves, type Pending } from "./history";
import { Drawing, type CommunityFigures } from "./measures";
import type { Bench } from "./types";

const again = signal(0);
export const reloadBench = (): void => {
  again.value++;
};

export const bench = resource<Bench>(() => {
  const id = planId.value;
  const code = benchCode.value;
  if (!here() || id === 0 || code === 0) return null;
  return { id: `bench${id}.${code}|${again.value}`, ask: (stop) => get<Bench>(`${PATH}/${id}/communities/${code}`, {}, stop) };
});

/** Gestures that are not accepted yet. */
export const pending = signal<Pending>(NOTHING);
/** The gesture under way, while the pointer is down. */
export const growing = signal<Moves>(new Map());
/** The cell into which units are put; 0 for none. */
export const target = signal(0);
/** Something to be told about the last deed. */
export const notice = signal<{ readonly kind: "conflict" | "mended" | "nothing"; readonly n?: number } | null>(null);

/** The unit under the pointer, or on which the keyboard stands; an index into the bench's units. */
export const hovered = signal<number | null>(null);
/** The cell that the pointer points at in the list or on the map. */
export const hoveredCell = signal(0);

/** The open bench as a drawing; a new one whenever the server's answer is another one. */
export const drawing = computed<Drawing | null>(() => {
  const known = bench.value.value.data;
  return known?.code === benchCode.value ? new Drawing(known) : null;
});

export const pendingMoves = computed<Moves>(() => {
  const drawn = drawing.value;
  if (!drawn) return new Map();
  const log = growing.value.size > 0 ? { gestures: [...pending.value.gestures.slice(0, pending.value.at), growing.value], at: pending.value.at + 1 } : pending.value;
  return net(log, (unit) => drawn.draftCellOf(unit));
});

export interface Live {
  readonly drawing: Drawing;
  readonly figures: CommunityFigures;
  readonly moves: Moves;
}

/** The bench with what is pending on it, in figures; follows the pointer while it drags. */
export const live = computed<Live | null>(() => {
  const drawn = drawing.value;
  const moves = pendingMoves.value;
  if (!drawn) return null;
  drawn.show(moves);
  return { drawing: drawn, figures: drawn.figures(), moves };
});

/** Cells that what is pending would break. */
export const breaking = computed<readonly number[]>(() => {
  const now = live.value;
  if (!now || now.moves.size === 0) return [];
  const before = new Map(draftFigures.value?.cells.map(({ code, pieces }) => [code, pieces]));
  return now.figures.cells.filter(({ code, pieces }) => pieces > 1 && pieces > (before.get(code) ?? 1)).map(({ code }) => code);
});

/** The draft's figures without what is pending. */
export const draftFigures = computed<CommunityFigures | null>(() => {
  const known = bench.value.value.data;
  return known?.code === benchCode.value ? new Drawing(known).figures() : null;
});

/** Cells of the draft in pieces. */
export const broken = computed<readonly number[]>(() => (live.value?.figures.cells ?? []).filter(({ pieces }) => pieces > 1).map(({ code }) => code));

export function dropPending(): void {
  pending.value = NOTHING;
  growing.value = new Map();
}

let drawnOf = "";
/** Another plan or community begins with nothing pending; the same one drawn anew keeps what is still possible. */
effect(() => {
  const now = `${planId.value}.${benchCode.value}`;
  const drawn = drawing.value;
  if (now !== drawnOf) {
    drawnOf = now;
    dropPending();
    hovered.value = null;
    hoveredCell.value = 0;
    target.value = 0;
    notice.value = null;
    return;
  }
  if (drawn?.isLocked(target.peek())) target.value = 0;
  const before = pending.peek();
  if (!drawn || before.gestures.length === 0) return;
  const kept = stillPossible(
    before,
    (unit) => drawn.draftCellOf(unit),
    (unit, cell) => {
      const index = drawn.indexOfUnit(unit);
      return index !== undefined && canEdit.peek() && drawn.mayMove(index, cell);
    },
  );
  pending.value = kept;
});

/** The plan is further than the bench: a job, or somebody else, has changed it. */
effect(() => {
  const at = revision.value;
  const { data, loading, error } = bench.value.value;
  if (data?.code === benchCode.value && !loading && error === null && data.revision < at) reloadBench();
});

export function aim(cell: number): void {
  const drawn = drawing.peek();
  target.value = drawn && !drawn.isLocked(cell) && drawn.bench.cells.some(({ code }) => code === cell) ? cell : 0;
}

/** Leave the community. */
export function closeBench(): void {
  setFaceParams({ bench: "" });
}

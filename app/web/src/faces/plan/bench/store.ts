/** The community that is open: as the server has it, what is pending on it, and its figures with that. */
import { computed, effect, signal } from "@preact/signals";
import { get } from "../../../api/client";
import { resource } from "../../../state/resource";
import { setFaceParams } from "../../../state/face";
import { isLeaving, session } from "../../../state/session";
import { benchCode, canEdit, here, openedPlan, PATH, planId, revision } from "../state";
import { net, NOTHING, renumbered, stillPossible, type Moves, type Pending } from "./history";
import { communitiesOf, keyOf, packed, unpacked, type Kept } from "./kept";
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
  return {
    id: `bench${id}.${code}|${again.value}`,
    ask: (stop) => get<Bench>(`${PATH}/${id}/communities/${code}`, {}, stop),
  };
});

/** Gestures that are not accepted yet. */
export const pending = signal<Pending>(NOTHING);
/** The same of other plans and communities: left, not forgotten. */
const aside = signal<Kept>(new Map());
/** Other communities of the open plan in which something waits to be accepted. */
export const waitingElsewhere = computed<readonly number[]>(() =>
  canEdit.value ? communitiesOf(aside.value, planId.value) : [],
);
/** The gesture under way, while the pointer is down. */
export const growing = signal<Moves>(new Map());
/** The cell into which units are put; 0 for none. */
export const target = signal(0);
/** Something to be told about the last deed. */
export const notice = signal<{
  readonly kind: "conflict" | "mended" | "nothing" | "dropped";
  readonly n?: number;
} | null>(null);

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
  const log =
    growing.value.size > 0
      ? { gestures: [...pending.value.gestures.slice(0, pending.value.at), growing.value], at: pending.value.at + 1 }
      : pending.value;
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
  return now.figures.cells
    .filter(({ code, pieces }) => pieces > 1 && pieces > (before.get(code) ?? 1))
    .map(({ code }) => code);
});

/** The draft's figures without what is pending. */
export const draftFigures = computed<CommunityFigures | null>(() => {
  const known = bench.value.value.data;
  return known?.code === benchCode.value ? new Drawing(known).figures() : null;
});

/** Cells of the draft in pieces. */
export const broken = computed<readonly number[]>(() =>
  (live.value?.figures.cells ?? []).filter(({ pieces }) => pieces > 1).map(({ code }) => code),
);

export function dropPending(): void {
  pending.value = NOTHING;
  growing.value = new Map();
}

/** What is pending now, as something to be dropped once the server has it: by then more may be pending, or other moves. */
export function whatIsSent(): () => void {
  const key = drawnOf;
  const sent = pending.peek();
  return () => {
    const now = pending.peek();
    if (key !== drawnOf) aside.value = new Map([...aside.peek()].filter(([of]) => of !== key));
    else if (now === sent) dropPending();
    else pending.value = { gestures: now.gestures.slice(sent.at), at: Math.max(0, now.at - sent.at) };
  };
}

const KEPT = "minqing.plan.pending";
/** Storage may be closed to the page: then it is kept no longer than the page. */
function stored(): string | null {
  try {
    return window.sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
function store(text: string): void {
  try {
    if (text === "") window.sessionStorage.removeItem(KEPT);
    else window.sessionStorage.setItem(KEPT, text);
  } catch {
    // as above
  }
}

let whose = "";
let drawnOf = "";
/** The number of the next new cell when the bench was drawn last. */
let fresh = 0;
const known = computed(() => openedPlan.value !== null);

/** Another plan or community: what was pending on the last one is laid aside, what is pending on this one taken up. */
function turnTo(key: string): void {
  const others = new Map(aside.peek());
  if (drawnOf !== "" && pending.peek().at > 0) others.set(drawnOf, pending.peek());
  drawnOf = key;
  fresh = 0;
  pending.value = others.get(key) ?? NOTHING;
  growing.value = new Map();
  others.delete(key);
  aside.value = others;
  hovered.value = null;
  hoveredCell.value = 0;
  target.value = 0;
  notice.value = null;
}

/** The same community drawn anew keeps what is still possible, and says what is not. */
function keepPossible(drawn: Drawing): void {
  const before =
    fresh !== 0 && drawn.fresh !== fresh && drawn.fresh !== 0
      ? renumbered(pending.peek(), fresh, drawn.fresh)
      : pending.peek();
  fresh = drawn.fresh;
  const cellOf = (unit: number): number | undefined => drawn.draftCellOf(unit);
  const wanted = net(before, cellOf);
  const kept = stillPossible(before, cellOf, (unit, cell) => {
    const index = drawn.indexOfUnit(unit);
    return index !== undefined && canEdit.peek() && drawn.mayMove(index, cell);
  });
  const lost = wanted.size - net(kept, cellOf).size;
  if (lost > 0) notice.value = { kind: "dropped", n: lost };
  pending.value = lost > 0 || wanted.size === 0 ? kept : before;
}

effect(() => {
  const user = session.value?.user ?? "";
  const key = keyOf(planId.value, benchCode.value);
  const drawn = drawing.value;
  if (user !== whose && user !== "") {
    aside.value = unpacked(stored(), user);
    pending.value = NOTHING;
    drawnOf = "";
    whose = user;
  }
  if (key !== drawnOf) turnTo(key);
  if (known.value && !canEdit.value)
    aside.value = new Map([...aside.peek()].filter(([of]) => !of.startsWith(`${planId.peek()}.`)));
  if (!drawn || !known.value) return;
  if (drawn.isLocked(target.peek()) || !drawn.has(target.peek())) target.value = 0;
  if (pending.peek().gestures.length > 0) keepPossible(drawn);
  fresh = drawn.fresh;
});

effect(() => {
  const now = new Map(aside.value);
  if (drawnOf !== "" && pending.value.at > 0) now.set(drawnOf, pending.value);
  if (whose !== "") store(packed(whose, now));
});

// Whoever closes the tab is asked first.
if (typeof window !== "undefined") {
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving() && (pending.peek().at > 0 || aside.peek().size > 0)) event.preventDefault();
  });
}

/** The plan is further than the bench: a job, or somebody else, has changed it. */
effect(() => {
  const at = revision.value;
  const { data, loading, error } = bench.value.value;
  if (data?.code === benchCode.value && !loading && error === null && data.revision < at) reloadBench();
});

export function aim(cell: number): void {
  const drawn = drawing.peek();
  target.value = drawn && !drawn.isLocked(cell) && drawn.has(cell) ? cell : 0;
}

/** Leave the community. */
export function closeBench(): void {
  setFaceParams({ bench: "" });
}

/** The list of the Cases face: what is mine to do, or all whose time runs out; filtered by what the address says. */
import { computed, effect, signal, untracked } from "@preact/signals";
import { caseApi, type Task } from "../../api/cases";
import type { Incident, Paged } from "../../api/types";
import { clockSummary, ownDeeds } from "../../state/cases";
import { clockView } from "../../state/clockview";
import { resets } from "../../state/data";
import { faceParam } from "../../state/face";
import { onChange, serverNow } from "../../state/livefeed";
import { firstParts } from "../../state/parts";
import { resource } from "../../state/resource";
import { may } from "../../state/session";
import { grown, held, settled, type Settled } from "../../state/settle";
import { area, face, refreshTick } from "../../state/store";

const PART = 500;

/** One row: a task, or a case that is due at somebody. */
export interface Row extends Omit<Task, "why"> {
  readonly no: number;
  readonly why: string;
}

export type ListName = "mine" | "due";

export const mayTasks = computed(() => may("list_tasks"));
export const listName = computed<ListName>(() => (faceParam("list") === "due" || !mayTasks.value ? "due" : "mine"));

interface Answer {
  readonly total: number;
  readonly rows: readonly Row[];
  /** how many parts of the list it is */
  readonly parts: number;
  readonly more: boolean;
}

const subject = computed(() => `${listName.value}${area.value}`);
/** How many parts somebody has asked for, of which list. */
const asked = signal({ of: "", parts: 1 });
const parts = computed(() => (asked.value.of === subject.value ? asked.value.parts : 1));

/** Ask for one part more. */
export function showMore(): void {
  asked.value = { of: subject.peek(), parts: parts.peek() + 1 };
}

type PartQuery = Parameters<typeof caseApi.tasks>[0];

const rowOf = (incident: Incident): Row => ({ no: incident.no, incident, next_steps: [], why: "" });

async function dueRows(query: PartQuery, signal: AbortSignal): Promise<Paged<Row>> {
  const page = await caseApi.due(query, signal);
  return { ...page, items: page.items.map(rowOf) };
}

async function taskRows(query: PartQuery, signal: AbortSignal): Promise<Paged<Row>> {
  const page = await caseApi.tasks(query, signal);
  return { ...page, items: page.items.map((task) => ({ ...task, no: task.incident.no })) };
}

export const answer = resource<Answer>(() => {
  if (face.value !== "cases") return null;
  const code = area.value || undefined;
  const name = listName.value;
  const count = parts.value;
  return {
    id: `${name}${code ?? 0}|${count}.${refreshTick.value}.${resets.value}.${ownDeeds.value}`,
    ask: async (signal) => {
      const ask = name === "due" ? dueRows : taskRows;
      const read = await firstParts(
        count,
        (cursor) => ask({ area: code, limit: PART, ...(cursor ? { cursor } : {}) }, signal),
        (row) => row.no,
      );
      return { total: read.total, rows: read.items, parts: count, more: read.next !== null };
    },
  };
});

/** A row's state changes where it stands, before the list is asked again. */
onChange((changed) =>
  answer.patch((now) => ({
    ...now,
    rows: now.rows.map((row) => (row.no === changed.no ? { ...row, incident: { ...row.incident, ...changed } } : row)),
  })),
);

/** What is on screen. It follows the newest answer row by row; places change only when nobody is at it. */
export const shown = signal<Settled<Row>>(settled([]));
/** Somebody who has not stirred for so long is not about to press a row. */
const STILL_MS = 30_000;
let handAt = 0;
let shownOf = "";
let shownParts = 1;

/** A hand moved in the list, or left it. */
export function hand(inside: boolean): void {
  handAt = inside ? Date.now() : 0;
}

effect(() => {
  const { data } = answer.value.value;
  const calm = Date.now() - handAt > STILL_MS;
  const of = subject.value;
  untracked(() => {
    if (!data) {
      if (of !== shownOf) shown.value = settled([]);
      return;
    }
    const keep = !calm && of === shownOf && shown.value.rows.length > 0;
    const next = data.parts > shownParts ? grown : held;
    shown.value = keep ? next(shown.value.rows, data.rows) : settled(data.rows);
    shownOf = of;
    shownParts = data.parts;
  });
});

/** Let in what waits, drop what is gone. */
export function settle(): void {
  const { data } = answer.value.peek();
  if (data) shown.value = settled(data.rows);
}

export interface Filter {
  readonly why: string;
  readonly due: string;
  readonly group: string;
}

export const filter = computed<Filter>(() => ({
  why: faceParam("why"),
  due: faceParam("due"),
  group: faceParam("group"),
}));

/** Whether a row passes; `but` leaves one part of the filter out, to count what it would choose from. */
export function passes(row: Row, wanted: Filter, now: number, but?: keyof Filter): boolean {
  if (but !== "why" && wanted.why !== "" && row.why !== wanted.why) return false;
  if (but !== "group" && wanted.group !== "" && !row.incident.category.startsWith(wanted.group)) return false;
  if (but === "due" || wanted.due === "") return true;
  return (clockView(row.incident.clock, now)?.kind ?? "none") === wanted.due;
}

export const rows = computed<readonly Row[]>(() => {
  const wanted = filter.value;
  const now = serverNow();
  return shown.value.rows.filter((row) => passes(row, wanted, now));
});

/** How many rows each value of one part of the filter would leave. */
export function countBy(part: "why" | "due", of: (row: Row) => string): ReadonlyMap<string, number> {
  const wanted = filter.value;
  const now = serverNow();
  const counts = new Map<string, number>();
  for (const row of shown.value.rows) {
    if (shown.value.gone.has(row.no) || !passes(row, wanted, now, part)) continue;
    const value = of(row);
    if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
}

export const cursor = signal<number | null>(null);
export { clockSummary };

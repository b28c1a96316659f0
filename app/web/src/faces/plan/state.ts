/**
 * What the map side and the panels of the workbench share: which plan, which community, which tool. All of it is in the
 * address: `f.sel` the plan, `f.bench` the community, `f.tool`, `f.view` the map, `f.tab` the tab at the right.
 */
import { batch, computed, effect, signal } from "@preact/signals";
import { get } from "../../api/client";
import { isAreaCode, levelOf } from "../../state/codes";
import { BOUNDARIES_SETTLED_MS, live, onTopic } from "../../state/livefeed";
import { faceParam, setFaceParams } from "../../state/face";
import { resource } from "../../state/resource";
import { may } from "../../state/session";
import { face, nowTick } from "../../state/store";
import type { Plan } from "./types";

export const PATH = "/api/v1/plans";

export const TOOLS = ["pick", "click", "brush", "lasso", "split", "merge", "lock"] as const;
export type ToolName = (typeof TOOLS)[number];

/** Whether the workbench is on screen. */
export const here = (): boolean => face.value === "plan";

/** The open plan; 0 for none. */
export const planId = computed(() => {
  const id = Number(faceParam("sel"));
  return Number.isSafeInteger(id) && id > 0 ? id : 0;
});

/** The community that is open for editing; 0 for none. */
export const benchCode = computed(() => {
  const code = Number(faceParam("bench"));
  return planId.value !== 0 && isAreaCode(code) && levelOf(code) === "community" ? code : 0;
});

/** The tool in hand; null: the pointer only looks and moves the map. */
export const tool = computed<ToolName | null>(() => TOOLS.find((name) => name === faceParam("tool")) ?? null);

const again = signal(0);

export const plan = resource<Plan>(() => {
  const id = planId.value;
  if (!here() || id === 0) return null;
  return { id: `plan${id}|${again.value}`, ask: (stop) => get<Plan>(`${PATH}/${id}`, {}, stop) };
});

const AGAIN_MS = 30_000;
let askedAt = 0;
/** Others may draw on it too: ask now and then how far it is. */
effect(() => {
  const now = nowTick.value;
  if (!here() || planId.value === 0 || now - askedAt < AGAIN_MS) return;
  if (askedAt !== 0 && !plan.value.peek().loading) again.value++;
  askedAt = now;
});

// Somebody, or the clock, has published a plan: this one, or one that it now lies behind.
onTopic(
  "boundaries",
  () => {
    if (here() && planId.peek() !== 0) again.value++;
  },
  BOUNDARIES_SETTLED_MS,
);

let heard = false;
/** The server is back: what has become of the plan meanwhile? */
effect(() => {
  const { connected } = live.value;
  if (connected && !heard && askedAt !== 0 && here() && planId.peek() !== 0) again.value++;
  heard = connected;
});

/** The open plan as the server last told it, never another one's. */
export const openedPlan = computed<Plan | null>(() => {
  const known = plan.value.value.data;
  return known?.id === planId.value ? known : null;
});

export const revision = computed(() => openedPlan.value?.revision ?? 0);

/** Whether this account may change the open plan now. */
export const canEdit = computed(() => (openedPlan.value?.editable ?? false) && may("edit_plan"));

/** What the server answered to a change of the open plan. Whoever draws follows its revision. */
export function putPlan(now: Plan): void {
  plan.patch((known) => (known.id === now.id ? now : known));
  // An older answer may still be on its way: asking anew gives it up.
  again.value++;
}

/** Ask for the open plan again: somebody or something else may have changed it. */
export function reloadPlan(): void {
  again.value++;
}

/** Open a plan; 0 leaves it. */
export function openPlan(id: number): void {
  if (id === planId.peek()) return;
  setFaceParams({ sel: id === 0 ? "" : String(id), bench: "", tool: "", view: "" });
}

/** Open a community of the plan for editing; 0 leaves it. */
export function openBench(code: number): void {
  setFaceParams({ bench: code === 0 ? "" : String(code) });
}

export function setTool(name: ToolName | null): void {
  setFaceParams({ tool: name ?? "" });
}

/** Ways to move the workbench's map, for panels; the map sets itself here while it stands. */
export interface PlanMapHandle {
  readonly fly: (bbox: readonly [number, number, number, number], maxZoom?: number) => void;
  readonly show: (lon: number, lat: number, minZoom?: number) => void;
  readonly centre: () => { readonly lon: number; readonly lat: number };
}

export const planMap = signal<PlanMapHandle | null>(null);

/** When set, the next click on the map goes here instead of to the tools (placing a comment). Escape ends it. */
export const placing = signal<((lon: number, lat: number) => void) | null>(null);

/** What panels want drawn on the map beside the plan: places with a sign, such as comments. */
export interface Marked {
  readonly key: string;
  readonly lon: number;
  readonly lat: number;
  /** one or two letters */
  readonly sign: string;
  readonly faded?: boolean;
  readonly onClick?: () => void;
}
export const marked = signal<readonly Marked[]>([]);

/** Shapes that a panel lays over the map, such as the gaps of an imported plan; drawn as lines with their kind's dash. */
export interface Laid {
  readonly kind: string;
  readonly rings: readonly (readonly (readonly [number, number])[])[];
}
export const laid = signal<readonly Laid[]>([]);

export const shownTab = computed(() => faceParam("tab") || "bench");

export function showTab(name: string): void {
  batch(() => setFaceParams({ tab: name === "bench" ? "" : name }));
}

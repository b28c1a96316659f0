/** A plan's life: the steps that may follow, publishing, and what stands in the way of it. */
import { computed, effect, signal } from "@preact/signals";
import { get, write } from "../../../api/client";
import type { Problem } from "../../../api/problem";
import { deed } from "../../../state/deed";
import { resource, track } from "../../../state/resource";
import { here, openedPlan, PATH, planId, putPlan, reloadPlan, revision } from "../state";
import type { Plan, PlanStepName } from "../types";
import { ask, running } from "./jobs";
import { reloadPlans } from "./plans";
import type { Difference, PlanFault, PlanLog, StaffingEffect } from "./shapes";

export const deeds = deed();

/** The step whose reason or day is being asked for; null: none. */
export const asking = signal<PlanStepName | null>(null);

// What was refused of one plan says nothing of another.
effect(() => {
  track(planId.value);
  asking.value = null;
  deeds.forget();
});

/** In this order the next action is the filled one. */
const FIRST: readonly PlanStepName[] = ["publish", "approve", "submit"];

export const nextStep = computed<PlanStepName | null>(() => {
  const allowed = openedPlan.value?.allowed ?? [];
  return FIRST.find((step) => allowed.includes(step)) ?? null;
});

export const otherSteps = computed<readonly PlanStepName[]>(() =>
  (openedPlan.value?.allowed ?? []).filter((step) => step !== nextStep.value),
);

export async function take(step: PlanStepName, more: { reason?: string; publish_on?: string } = {}): Promise<boolean> {
  return did(step, async (opened) => {
    putPlan(await write<Plan>("POST", `${PATH}/${opened.id}/steps`, { step, ...more }, opened.revision));
    reloadPlans();
  });
}

/** Put the plan into force, behind the scenes: that of a city takes longer than an answer may. */
export async function publishNow(): Promise<boolean> {
  return did("publish", (opened) => ask(opened.id, { kind: "publish" }, opened.revision));
}

/** Whether it is being put into force. */
export const publishing = computed(() => running.value.some(({ kind }) => kind === "publish"));

async function did(step: PlanStepName, act: (opened: Plan) => Promise<void>): Promise<boolean> {
  const opened = openedPlan.peek();
  if (!opened) return false;
  const done = await deeds.run(step, () => act(opened));
  if (done) asking.value = null;
  const kind = deeds.problem.peek()?.status;
  // Somebody else was faster: show what they did.
  if (!done && (kind === 409 || kind === 412)) reloadPlan();
  return done;
}

export async function rebase(keep?: "mine" | "theirs"): Promise<void> {
  const opened = openedPlan.peek();
  if (!opened) return;
  await deeds.run("rebase", async () => {
    putPlan(await write<Plan>("POST", `${PATH}/${opened.id}/rebase`, keep ? { keep } : {}, opened.revision));
    reloadPlans();
  });
}

/** What a refusal carries of a kind's own. */
export function differenceOf(problem: Problem | null): readonly Difference[] {
  const found = problem?.kind === "plan-behind" ? problem.members["difference"] : null;
  return Array.isArray(found) ? (found as Difference[]) : [];
}

export function faultsOf(problem: Problem | null): readonly PlanFault[] {
  const found = problem?.kind === "plan-invalid" ? problem.members["faults"] : null;
  return Array.isArray(found) ? (found as PlanFault[]) : [];
}

export const log = resource<PlanLog>(() => {
  const id = planId.value;
  const at = revision.value;
  if (!here() || id === 0 || at === 0) return null;
  return { id: `log${id}|${at}`, ask: (stop) => get<PlanLog>(`${PATH}/${id}/log`, {}, stop) };
});

export const staffing = resource<StaffingEffect>(() => {
  const id = planId.value;
  const at = revision.value;
  if (!here() || id === 0 || at === 0) return null;
  return { id: `staffing${id}|${at}`, ask: (stop) => get<StaffingEffect>(`${PATH}/${id}/staffing`, {}, stop) };
});

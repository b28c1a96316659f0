/** The plans of one's area: all of them as a tree, and beginning another one. */
import { computed, signal } from "@preact/signals";
import { get, write } from "../../../api/client";
import { deed } from "../../../state/deed";
import { faceParam } from "../../../state/face";
import { pagedList } from "../../../state/paged";
import { here, openPlan, openedPlan, PATH, putPlan } from "../state";
import { PLAN_STATES, type Plan, type PlanRow, type PlanState } from "../types";
import type { PlansPage } from "./shapes";
import { tree } from "./tree";

const PAGE = 200;
const told = signal(0);

export const stateFilter = computed<PlanState | "">(
  () => PLAN_STATES.find((state) => state === faceParam("state")) ?? "",
);

export const plans = pagedList<PlanRow>(() => {
  if (!here()) return null;
  const query = { limit: PAGE, state: stateFilter.value };
  return {
    id: `plans${query.state}|${told.value}`,
    ask: async (cursor, stop) => {
      const page = await get<PlansPage>(PATH, { ...query, cursor }, stop);
      return { items: [...page.plans], total: page.plans.length, next: page.next };
    },
  };
});

/** Ask for the list again: a plan was begun, or went a step. */
export function reloadPlans(): void {
  told.value++;
}

export const branches = computed(() => tree(plans.value.value.data?.items ?? []));

export const deeds = deed();
/** Whether the dialog for a new plan is open. */
export const beginning = signal(false);

export interface NewPlan {
  readonly title: string;
  readonly area_code: number;
  readonly note: string;
  readonly parent_id?: number;
}

export async function begin(wanted: NewPlan): Promise<void> {
  const done = await deeds.run("begin", async () => {
    const made = await write<Plan>("POST", PATH, wanted);
    reloadPlans();
    openPlan(made.id);
  });
  if (done) beginning.value = false;
}

/** Another title or note for the open plan. */
export async function rename(title: string, note: string): Promise<boolean> {
  const opened = openedPlan.peek();
  if (!opened) return false;
  return deeds.run("rename", async () => {
    putPlan(await write<Plan>("PATCH", `${PATH}/${opened.id}`, { title, note }, opened.revision));
    reloadPlans();
  });
}

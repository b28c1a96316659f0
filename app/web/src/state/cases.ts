/** The case loop's own data: how the clocks stand, and steps taken by this page. */
import { computed } from "@preact/signals";
import { caseApi, type CaseDetail, type ClockSummary, type StepValues } from "../api/cases";
import { asProblem, type Problem } from "../api/problem";
import { clocksOfLook, incidentDetail, resets } from "./data";
import { onChange } from "./livefeed";
import { resource, type PartHandle } from "./resource";
import { area, face, mode, ownDeeds, refreshTick, selection } from "./store";

export { ownDeeds } from "./store";

/** How the clocks stand of the chosen area, while a view of its own shows it; Watch has it among its figures. */
const ownSummary = resource(() => {
  if (mode.value === "wall" || face.value === "watch") return null;
  const code = area.value || undefined;
  return {
    id: `clocks${code ?? 0}|${refreshTick.value}.${resets.value}.${ownDeeds.value}`,
    ask: (signal) => caseApi.clockSummary(code, signal),
  };
});

/** How many clocks run and how they stand, of the chosen area. */
export const clockSummary: PartHandle<ClockSummary> = {
  value: computed(() => (face.value === "watch" ? clocksOfLook.value.value : ownSummary.value.value)),
  retry: () => (face.peek() === "watch" ? clocksOfLook : ownSummary).retry(),
};

/** The open card follows its case at once. */
onChange((changed) => {
  const chosen = selection.peek();
  if (chosen?.kind === "incident" && chosen.no === changed.no) incidentDetail.retry();
});

/** Somebody else changed the case between our look at it and our step. */
export function isOvertaken(problem: Problem): boolean {
  return problem.status === 412 || (problem.status === 409 && ["stale-version", "illegal-step"].includes(problem.kind));
}

export type StepResult = { readonly detail: CaseDetail } | { readonly problem: Problem };

/** Take a step as the case was seen (`version`); the card shows the answer, or the newest state when we came too late. */
export async function takeStep(
  incident: CaseDetail,
  step: string,
  values: StepValues,
  version: number | undefined,
): Promise<StepResult> {
  try {
    const detail = await caseApi.step(incident.id, step, values, version);
    incidentDetail.patch((shown) => (shown.no === detail.no ? detail : shown));
    ownDeeds.value++;
    return { detail };
  } catch (thrown) {
    const problem = asProblem(thrown);
    if (isOvertaken(problem)) {
      incidentDetail.retry();
      ownDeeds.value++;
    }
    return { problem };
  }
}

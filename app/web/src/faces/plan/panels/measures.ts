/** The open plan in figures, and its worst cells, for the area that was chosen. */
import { computed } from "@preact/signals";
import { get } from "../../../api/client";
import { ancestorAt, isAreaCode, levelOf, within } from "../../../state/codes";
import { faceParam, setFaceParams } from "../../../state/face";
import { resource } from "../../../state/resource";
import { benchCode, here, openedPlan, PATH, planId, revision } from "../state";
import type { PlanMeasures, PlanProblems } from "./shapes";

/** The area whose figures are shown: one inside the plan's; the plan's own where none was chosen. */
export const figuresArea = computed(() => {
  const opened = openedPlan.value;
  if (!opened) return 0;
  const wanted = Number(faceParam("of"));
  return isAreaCode(wanted) && levelOf(wanted) !== "cell" && within(wanted, opened.area_code)
    ? wanted
    : opened.area_code;
});

export function showFiguresOf(code: number): void {
  setFaceParams({ of: code === openedPlan.peek()?.area_code ? "" : String(code) });
}

/** The plan's area, and those between it and the community that is open: from far to near. */
export const figureAreas = computed<readonly number[]>(() => {
  const opened = openedPlan.value;
  if (!opened) return [];
  const near = benchCode.value === 0 ? figuresArea.value : benchCode.value;
  const chain = (["district", "subdistrict", "community"] as const).map((level) => ancestorAt(near, level));
  const inside = chain.filter((code) => within(code, opened.area_code));
  return [...new Set([opened.area_code, ...inside, figuresArea.value])];
});

export const measures = resource<PlanMeasures>(() => {
  const area = figuresArea.value;
  const at = revision.value;
  if (!here() || area === 0 || at === 0) return null;
  const id = planId.value;
  return {
    id: `measures${id}.${area}|${at}`,
    ask: (stop) => get<PlanMeasures>(`${PATH}/${id}/measures`, { area }, stop),
  };
});

export const problems = resource<PlanProblems>(() => {
  const area = figuresArea.value;
  const at = revision.value;
  if (!here() || area === 0 || at === 0) return null;
  const id = planId.value;
  return {
    id: `problems${id}.${area}|${at}`,
    ask: (stop) => get<PlanProblems>(`${PATH}/${id}/problems`, { area }, stop),
  };
});

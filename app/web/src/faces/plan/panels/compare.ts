/** The open plan beside another one: both in figures, and where they differ. */
import { computed } from "@preact/signals";
import { get } from "../../../api/client";
import { faceParam, setFaceParams } from "../../../state/face";
import { resource } from "../../../state/resource";
import { here, PATH, planId, revision, shownTab } from "../state";
import type { Comparison } from "./shapes";

export const COMPARE_TAB = "compare";

/** The plan beside which the open one is held; 0 for none. */
export const otherId = computed(() => {
  const id = Number(faceParam("with"));
  return Number.isSafeInteger(id) && id > 0 && id !== planId.value ? id : 0;
});

export function holdBeside(id: number): void {
  setFaceParams({ with: id === 0 ? "" : String(id) });
}

export const comparison = resource<Comparison>(() => {
  const [id, other, at] = [planId.value, otherId.value, revision.value];
  if (!here() || shownTab.value !== COMPARE_TAB || id === 0 || other === 0 || at === 0) return null;
  return {
    id: `compare${id}.${other}|${at}`,
    ask: (stop) => get<Comparison>(`${PATH}/${id}/compare/${other}`, {}, stop),
  };
});

/** The cells of the open community, to balance among some of them. */
import { signal } from "@preact/signals";
import { get } from "../../../api/client";
import { resource } from "../../../state/resource";
import { benchCode, here, PATH, planId, revision, shownTab } from "../state";

export const BALANCE_TAB = "balance";

interface Columns {
  readonly code: readonly number[];
  readonly deviation: readonly number[];
  readonly free: readonly boolean[];
}

export interface ChoiceCell {
  readonly code: number;
  readonly deviation: number;
  readonly free: boolean;
}

export const cells = resource<readonly ChoiceCell[]>(() => {
  const [id, area, at] = [planId.value, benchCode.value, revision.value];
  if (!here() || shownTab.value !== BALANCE_TAB || area === 0 || at === 0) return null;
  return {
    id: `choice${id}.${area}|${at}`,
    ask: async (stop) => {
      const { code, deviation, free } = await get<Columns>(`${PATH}/${id}/cells`, { area }, stop);
      return code.map((cell, i) => ({ code: cell, deviation: deviation[i] ?? 0, free: free[i] ?? false }));
    },
  };
});

/** Codes of chosen cells; those of another community do not count. */
export const chosenCells = signal<ReadonlySet<number>>(new Set());

export function toggleCell(code: number): void {
  const now = new Set(chosenCells.peek());
  if (!now.delete(code)) now.add(code);
  chosenCells.value = now;
}

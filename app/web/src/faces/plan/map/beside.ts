/** The plan that is held beside the open one: its figures, and where the two differ. */
import { computed } from "@preact/signals";
import { get } from "../../../api/client";
import { resource } from "../../../state/resource";
import { phone } from "../../../state/store";
import { movesOf, rowsOf, type Figures } from "../bench/rows";
import type { CellColumns, MoveColumns } from "../bench/types";
import { COMPARE_TAB, comparison, otherId } from "../panels/compare";
import { here, PATH, planId, shownTab } from "../state";

/** The plan whose map stands at the right; 0 for none. */
export const besideId = computed(() =>
  here() && !phone.value && planId.value !== 0 && shownTab.value === COMPARE_TAB ? otherId.value : 0,
);

export const besideFigures = resource<Figures>(() => {
  const id = besideId.value;
  if (id === 0) return null;
  return {
    id: `beside${id}|`,
    ask: async (stop) => {
      const [cells, moves] = await Promise.all([
        get<CellColumns>(`${PATH}/${id}/cells`, {}, stop),
        get<MoveColumns>(`${PATH}/${id}/moves`, {}, stop),
      ]);
      return { plan: id, revision: cells.revision, cells: rowsOf(cells), moves: movesOf(moves) };
    },
  };
});

/** Cells that are not the same in both; null while no plan stands beside the open one. */
export const differing = computed<ReadonlySet<number> | null>(() => {
  const found = comparison.value.value.data;
  return besideId.value !== 0 && found ? new Set(found.cells) : null;
});

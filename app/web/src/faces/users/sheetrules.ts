/** Whether a sheet can be taken. Pure. */
import type { SheetReport } from "./types";

/** Something would change, nothing is wrong, and it is not done yet. */
export function canTake({ done, counts }: Pick<SheetReport, "done" | "counts">): boolean {
  const { new: added = 0, grant = 0, end = 0, wrong = 0 } = counts;
  return !done && wrong === 0 && added + grant + end > 0;
}

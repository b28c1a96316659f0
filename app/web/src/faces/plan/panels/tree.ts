/** Plans by descent. Pure. */
import type { PlanRow } from "../types";

export interface Branch {
  readonly plan: PlanRow;
  readonly depth: number;
}

/** Parents before their children, each row with how deep it lies; the last changed first. */
export function tree(rows: readonly PlanRow[]): Branch[] {
  const known = new Set(rows.map(({ id }) => id));
  const newest = [...rows].sort((a, b) => Date.parse(b.changed_at) - Date.parse(a.changed_at));
  const below = (parent: number | null, depth: number): Branch[] =>
    newest
      .filter(({ parent_id }) => (parent === null ? parent_id === null || !known.has(parent_id) : parent_id === parent))
      .flatMap((plan) => [{ plan, depth }, ...below(plan.id, depth + 1)]);
  return below(null, 0);
}

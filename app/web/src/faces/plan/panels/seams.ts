/** Borders across which cases are sent back and forth, and the move that would have kept them together. */
import { get, write } from "../../../api/client";
import { levelOf } from "../../../state/codes";
import { deed } from "../../../state/deed";
import { resource } from "../../../state/resource";
import { here, openedPlan, PATH, planId, reloadPlan, revision, shownTab } from "../state";
import { figuresArea } from "./measures";
import type { PlanSeams, SeamMove } from "./shapes";

export const PROOF_TAB = "proof";
export const deeds = deed();

export const seams = resource<PlanSeams>(() => {
  const [id, at, area] = [planId.value, revision.value, figuresArea.value];
  if (!here() || shownTab.value !== PROOF_TAB || at === 0 || area === 0 || levelOf(area) === "city") return null;
  return { id: `seams${id}.${area}|${at}`, ask: (stop) => get<PlanSeams>(`${PATH}/${id}/seams`, { area }, stop) };
});

/** Take the smallest move into the plan; it is one edit and can be undone. */
export async function takeMove(move: SeamMove, note: string): Promise<void> {
  const opened = openedPlan.peek();
  if (!opened) return;
  const done = await deeds.run(`seam${move.giver}.${move.taker}`, async () => {
    const moves = move.unit_ids.map((unit_id) => ({ unit_id, cell_code: move.taker }));
    await write<unknown>("POST", `${PATH}/${opened.id}/edits`, { kind: "move", moves, note }, opened.revision);
    reloadPlan();
  });
  const status = deeds.problem.peek()?.status;
  // Somebody else was faster: show what they did.
  if (!done && (status === 409 || status === 412)) reloadPlan();
}

/** What was said about places of the open plan; the map shows them, a click places another one. */
import { computed, effect, signal } from "@preact/signals";
import { get, write } from "../../../api/client";
import { deed } from "../../../state/deed";
import { resource } from "../../../state/resource";
import { here, marked, openedPlan, PATH, placing, planId, shownTab, showTab } from "../state";
import type { PlanComment } from "./shapes";

export const deeds = deed();
const told = signal(0);

export const comments = resource<readonly PlanComment[]>(() => {
  const id = planId.value;
  if (!here() || id === 0) return null;
  return {
    id: `comments${id}|${told.value}`,
    ask: async (stop) => (await get<{ comments: PlanComment[] }>(`${PATH}/${id}/comments`, {}, stop)).comments,
  };
});

/** Open ones first, the newest first. */
export const sorted = computed(() =>
  [...(comments.value.value.data ?? [])].sort(
    (a, b) => Number(a.resolved_at !== null) - Number(b.resolved_at !== null) || Date.parse(b.at) - Date.parse(a.at),
  ),
);

/** The comment that was last pointed at. */
export const chosen = signal(0);

/** Where the next comment goes; null: no place was clicked yet. */
export const spot = signal<{ readonly lon: number; readonly lat: number } | null>(null);

export function place(): void {
  placing.value = (lon, lat) => {
    spot.value = { lon, lat };
    placing.value = null;
  };
}

export function leave(): void {
  spot.value = null;
  placing.value = null;
}

export async function say(text: string): Promise<boolean> {
  const at = spot.peek();
  const plan = openedPlan.peek();
  if (!at || !plan) return false;
  const done = await deeds.run("say", async () => {
    await write<PlanComment>("POST", `${PATH}/${plan.id}/comments`, { ...at, text });
    told.value++;
  });
  if (done) leave();
  return done;
}

export async function settle(comment: PlanComment): Promise<void> {
  await deeds.run(`settle${comment.id}`, async () => {
    const now = await write<PlanComment>("PATCH", `${PATH}/${planId.peek()}/comments/${comment.id}`, {
      resolved: comment.resolved_at === null,
    });
    comments.patch((all) => all.map((one) => (one.id === now.id ? now : one)));
  });
}

effect(() => {
  const here_ = here() && planId.value !== 0;
  marked.value = here_
    ? sorted.value.map((comment, i) => ({
        key: `comment${comment.id}`,
        lon: comment.lon,
        lat: comment.lat,
        sign: String(i + 1),
        faded: comment.resolved_at !== null,
        onClick: () => {
          chosen.value = comment.id;
          if (shownTab.peek() !== "talk") showTab("talk");
        },
      }))
    : [];
});

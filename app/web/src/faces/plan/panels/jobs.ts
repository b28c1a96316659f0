/** Long work on the open plan: what runs, how far it is, and beginning or ending it. */
import { computed, effect, signal } from "@preact/signals";
import { get, write } from "../../../api/client";
import { deed } from "../../../state/deed";
import { resource, track } from "../../../state/resource";
import { here, openedPlan, PATH, planId, reloadPlan } from "../state";
import { reloadPlans } from "./plans";
import type { Job, JobKind, NewJob } from "./shapes";

const LOOK_MS = 1000;
export const deeds = deed();
const told = signal(0);

export const isOver = ({ state }: Job): boolean => state === "done" || state === "failed" || state === "cancelled";

export const jobs = resource<readonly Job[]>(() => {
  const id = planId.value;
  if (!here() || id === 0) return null;
  return {
    id: `jobs${id}|${told.value}`,
    ask: async (stop) => (await get<{ jobs: Job[] }>(`${PATH}/${id}/jobs`, {}, stop)).jobs,
  };
});

/** The newest first. */
export const newest = computed(() => [...(jobs.value.value.data ?? [])].sort((a, b) => b.id - a.id));
export const running = computed(() => newest.value.filter((job) => !isOver(job)));
/** Jobs that ended while somebody looked: shown until they are put away. */
export const fresh = signal<ReadonlySet<number>>(new Set());

/** The newest job of a kind that gave something. */
export function lastOf(kind: JobKind): Job | null {
  return newest.value.find((job) => job.kind === kind && job.state === "done") ?? null;
}

// While anything runs it is looked at every second; what ends has changed the plan.
let seen: ReadonlySet<number> = new Set();
effect(() => {
  const now = running.value;
  const left = [...seen].filter((id) => !now.some((job) => job.id === id));
  seen = new Set(now.map(({ id }) => id));
  if (left.length > 0) {
    fresh.value = new Set([...fresh.peek(), ...left]);
    reloadPlan();
    reloadPlans();
  }
  if (now.length === 0) return undefined;
  const { loading, at, error } = jobs.value.value;
  // What failed is asked again by itself, and not so often.
  if (loading || error) return undefined;
  const timer = window.setTimeout(() => told.value++, Math.max(0, at + LOOK_MS - Date.now()));
  return () => window.clearTimeout(timer);
});

effect(() => {
  track(planId.value);
  seen = new Set();
  fresh.value = new Set();
});

export async function start(wanted: NewJob): Promise<boolean> {
  const opened = openedPlan.peek();
  if (!opened) return false;
  return deeds.run(wanted.kind, async () => {
    await ask(opened.id, wanted);
  });
}

/** Have something done to a plan, or to a revision of it alone; throws what the server refuses. */
export async function ask(id: number, wanted: NewJob, seen?: number): Promise<void> {
  const made = await write<Job>("POST", `${PATH}/${id}/jobs`, wanted, seen);
  jobs.patch((all) => [made, ...all.filter((one) => one.id !== made.id)]);
  told.value++;
}

export async function cancel(job: Job): Promise<void> {
  await deeds.run("cancel", async () => {
    await write<Job>("POST", `${PATH}/${planId.peek()}/jobs/${job.id}/cancel`);
    told.value++;
  });
}

export function putAway(job: Job): void {
  fresh.value = new Set([...fresh.peek()].filter((id) => id !== job.id));
}

/** The queue of warnings, kept live by the stream, and the steps that an officer takes. */
import { computed, signal } from "@preact/signals";
import { get, write } from "../../api/client";
import type { Paged } from "../../api/types";
import { deed } from "../../state/deed";
import { faceParam, setFaceParams } from "../../state/face";
import { onTopic } from "../../state/livefeed";
import { pagedList } from "../../state/paged";
import { resource, track } from "../../state/resource";
import { face, refreshTick } from "../../state/store";
import { byTimer } from "./timer";
import { STATES, type Warning } from "./types";

const PATH = "/api/v1/warnings";
const PAGE = 100;
const one = (id: string): string => `${PATH}/${encodeURIComponent(id)}`;

/** grows with what the stream says of warnings */
const told = signal(0);
onTopic("warning", () => told.value++);

export const stateFilter = computed(() => STATES.find((state) => state === faceParam("state")) ?? "");
const areaFilter = computed(() => faceParam("area"));

export const warnings = pagedList<Warning>(() => {
  if (face.value !== "warnings") return null;
  track(told.value, refreshTick.value);
  const query = { limit: PAGE, state: stateFilter.value, area: areaFilter.value };
  return {
    id: `warnings${JSON.stringify(query)}|${told.value}.${refreshTick.value}`,
    ask: (cursor, stop) => get<Paged<Warning>>(PATH, { ...query, cursor }, stop),
  };
});

export const queue = computed(() => byTimer(warnings.value.value.data?.items ?? []));
export const chosenId = computed(() => faceParam("sel"));

/** The opened one: from the list at once, and by itself where the list does not reach. */
const asked = resource<Warning>(() => {
  const id = chosenId.value;
  if (face.value !== "warnings" || id === "") return null;
  track(told.value);
  return { id: `warning${id}|${told.value}`, ask: (stop) => get<Warning>(one(id), {}, stop) };
});
export const chosen = computed<Warning | null>(() => {
  const known = warnings.value.value.data?.items.find(({ id }) => id === chosenId.value) ?? null;
  const alone = asked.value.value.data?.id === chosenId.value ? asked.value.value.data : null;
  return known && alone ? (known.version > alone.version ? known : alone) : (alone ?? known);
});
export const chosenProblem = computed(() => asked.value.value.error);
export const retryChosen = asked.retry;

export const deeds = deed();
/** id of the warning that the last deed was about: its refusal stands there */
export const about = signal("");

export function open(id: string): void {
  setFaceParams({ sel: id });
}

export async function take(warning: Warning, step: string, outcome?: string): Promise<void> {
  about.value = warning.id;
  await deeds.run(`${warning.id} ${step}`, async () => {
    const body = { step, ...(outcome ? { outcome } : {}), version: warning.version };
    const now = await write<Warning>("POST", `${one(warning.id)}/steps`, body);
    const put = (known: Warning): Warning => (known.id === now.id ? now : known);
    warnings.patch((page) => ({ ...page, items: page.items.map(put) }));
    asked.patch(put);
  });
  // Somebody else was faster: show what they did.
  if (deeds.problem.peek()?.status === 409) told.value++;
}

/** Webhooks: which programs are told, what could not be delivered, and what is done about it. */
import { computed, signal } from "@preact/signals";
import { get, write } from "../../api/client";
import type { components } from "../../api/schema";
import type { Paged } from "../../api/types";
import { deed } from "../../state/deed";
import { faceParam, setFaceParams } from "../../state/face";
import { pagedList } from "../../state/paged";
import { face } from "../../state/store";
import { withStepUp } from "../../ui/StepUp";

type Schemas = components["schemas"];
export type Webhook = Schemas["Webhook"];
export type Delivery = Schemas["Delivery"];
export type Topic = Schemas["Topic"];
export type DeliveryState = Schemas["DeliveryState"];

export const TOPICS = [
  "incident.reported",
  "incident.changed",
  "mediation.changed",
  "warning.changed",
] as const satisfies readonly Topic[];
export const DELIVERY_STATES = ["failed", "waiting", "delivered"] as const satisfies readonly DeliveryState[];

const PATH = "/api/v1/webhooks";
const PAGE = 100;
/** No id begins with a dash. */
export const NEW = "-new";
const path = (id: string, rest = ""): string => `${PATH}/${encodeURIComponent(id)}${rest}`;

export const webhooks = pagedList<Webhook>(() => {
  if (face.value !== "webhooks") return null;
  return { id: "webhooks|", ask: (_, stop) => get<Paged<Webhook>>(PATH, {}, stop) };
});

export const chosenId = computed(() => faceParam("sel"));
export const adding = computed(() => chosenId.value === NEW);
export const chosen = computed<Webhook | null>(
  () => webhooks.value.value.data?.items.find(({ id }) => id === chosenId.value) ?? null,
);
/** Which deliveries are shown; those that failed first. */
export const wantedState = computed<DeliveryState>(
  () => DELIVERY_STATES.find((state) => state === faceParam("state")) ?? "failed",
);

export const deliveries = pagedList<Delivery>(() => {
  const id = chosen.value?.id;
  if (face.value !== "webhooks" || id === undefined) return null;
  const query = { state: wantedState.value, limit: PAGE };
  return {
    id: `deliveries${id}${query.state}|`,
    ask: (cursor, stop) => get<Paged<Delivery>>(path(id, "/deliveries"), { ...query, cursor }, stop),
  };
});

export const deeds = deed();
/** the secret of the one that was just made: shown here and never again */
export const secret = signal("");
/** how many were sent again just now; null for nothing said */
export const resent = signal<number | null>(null);

export function open(id: string): void {
  deeds.forget();
  secret.value = "";
  resent.value = null;
  setFaceParams({ sel: id, state: "" });
}

export const look = (state: DeliveryState): void => setFaceParams({ state });

function refresh(): void {
  webhooks.retry();
  deliveries.retry();
}

export async function add(name: string, url: string, area: number, topics: readonly Topic[]): Promise<void> {
  await deeds.run("add", async () => {
    const made = await withStepUp(() => write<Schemas["MadeWebhook"]>("POST", PATH, { name, url, area, topics }));
    webhooks.retry();
    open(made.webhook.id);
    secret.value = made.secret;
  });
}

/** One delivery, or all that were given up. */
export async function resend(id: string, delivery: number | null): Promise<void> {
  resent.value = null;
  await deeds.run(`resend${delivery ?? ""}`, async () => {
    const done = await write<Schemas["Resent"]>("POST", path(id, "/resend"), { delivery });
    resent.value = done.queued;
    refresh();
  });
}

export async function remove(id: string): Promise<void> {
  const done = await deeds.run("remove", () => write("DELETE", path(id)));
  if (!done) return;
  open("");
  webhooks.retry();
}

export { refresh };

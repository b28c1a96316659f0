/** Mediations: the list, the one that is open, the free times of its table, and what is done there. */
import { computed, signal } from "@preact/signals";
import { api, get, write, type WriteMethod } from "../../api/client";
import type { Incident, Paged } from "../../api/types";
import { deed } from "../../state/deed";
import { faceParam, setFaceParams } from "../../state/face";
import { onTopic, serverNow } from "../../state/livefeed";
import { pagedList } from "../../state/paged";
import { resource } from "../../state/resource";
import { face } from "../../state/store";
import { STATES, type Act, type Answer, type Mediation, type Opening, type Room } from "./types";

const PATH = "/api/v1/mediations";
const PAGE = 100;
const DISPUTES = "10";
const one = (id: string, rest = ""): string => `${PATH}/${encodeURIComponent(id)}${rest}`;

/** The choice of a dispute for which a table is opened; no id is called so. */
export const NEW = "-new";
const told = signal(0);
onTopic("mediation", () => told.value++);

export const stateFilter = computed(() => STATES.find((state) => state === faceParam("state")) ?? "");
export const chosenId = computed(() => faceParam("sel"));
const here = (): boolean => face.value === "disputes";

export const mediations = pagedList<Mediation>(() => {
  if (!here()) return null;
  const query = { limit: PAGE, state: stateFilter.value };
  return {
    id: `mediations${query.state}|${told.value}`,
    ask: (cursor, stop) => get<Paged<Mediation>>(PATH, { ...query, cursor }, stop),
  };
});

export const room = resource<Mediation>(() => {
  const id = chosenId.value;
  if (!here() || id === "" || id === NEW) return null;
  return { id: `mediation${id}|${told.value}`, ask: (stop) => get<Mediation>(one(id), {}, stop) };
});

/** Disputes that are open and have no table yet. */
export const candidates = resource<readonly Incident[]>(() => {
  if (!here() || chosenId.value !== NEW) return null;
  return {
    id: "disputes|",
    ask: async (stop) => {
      const page = await api.incidents({ category: DISPUTES, status: "open", limit: PAGE }, stop);
      const taken = new Set(
        mediations.value
          .peek()
          .data?.items.filter(isOpen)
          .map(({ incident }) => incident.no),
      );
      return page.items.filter(({ no }) => !taken.has(no));
    },
  };
});

function isOpen({ state }: Mediation): boolean {
  return state !== "cancelled" && state !== "followed_up";
}

/** More than any run of holidays. */
export const DAYS = 14;
const MEETING_MS = 3_600_000;
export const lookingForTime = signal(false);

export const openings = resource<readonly Opening[]>(() => {
  const id = chosenId.value;
  if (!here() || id === "" || id === NEW || !lookingForTime.value) return null;
  const version = room.value.value.data?.version ?? 0;
  return {
    id: `openings${id}|${version}`,
    ask: async (stop) => {
      return (await get<Paged<Opening>>(one(id, "/openings"), { days: DAYS }, stop)).items;
    },
  };
});

/** Rooms near the dispute, the nearest first. */
export const rooms = resource<readonly Room[]>(() => {
  const cell = room.value.value.data?.incident.chain.at(-1)?.code;
  if (!here() || cell === undefined || !lookingForTime.value) return null;
  return {
    id: `rooms${cell}|`,
    ask: async (stop) => (await get<Paged<Room>>("/api/v1/rooms", { area: cell }, stop)).items,
  };
});

/** A meeting that begins now: the parties are already there. */
export function rightNow(room: Room): Opening {
  const starts = Math.floor(serverNow() / 60_000) * 60_000;
  return { room, starts_at: new Date(starts).toISOString(), ends_at: new Date(starts + MEETING_MS).toISOString() };
}

export const deeds = deed();
export const mayDo = ({ next }: Mediation, act: Act): boolean => next.includes(act);

export function open(id: string): void {
  deeds.forget();
  lookingForTime.value = false;
  setFaceParams({ sel: id });
}

function put(now: Mediation): void {
  mediations.patch((page) => ({ ...page, items: page.items.map((item) => (item.id === now.id ? now : item)) }));
  room.patch((known) => (known.id === now.id ? now : known));
}

async function act(
  mediation: Mediation,
  name: string,
  method: WriteMethod,
  rest: string,
  body: object = {},
): Promise<boolean> {
  const done = await deeds.run(name, async () => {
    put(await write<Mediation>(method, one(mediation.id, rest), { ...body, version: mediation.version }));
  });
  // Somebody else was faster: show what they did.
  if (deeds.problem.peek()?.status === 409) told.value++;
  return done;
}

export async function openTable(incident: Pick<Incident, "id">): Promise<void> {
  await deeds.run("open", async () => {
    const made = await write<Mediation>("POST", `/api/v1/incidents/${encodeURIComponent(incident.id)}/mediation`);
    told.value++;
    open(made.id);
  });
}

export const callIn = (m: Mediation, unit_id: number): Promise<boolean> =>
  act(m, "call", "POST", "/participants", { unit_id });

export const answer = (m: Mediation, unit_id: number, said: Answer): Promise<boolean> =>
  act(m, `answer${unit_id}`, "PUT", `/participants/${unit_id}`, { answer: said });

export async function schedule(m: Mediation, { room: { id }, starts_at, ends_at }: Opening): Promise<void> {
  if (await act(m, "meeting", "PUT", "/meeting", { room_id: id, starts_at, ends_at })) lookingForTime.value = false;
}

export const met = (m: Mediation): Promise<boolean> => act(m, "met", "POST", "/met");

export interface Concluded {
  readonly outcome: string;
  readonly agreement?: { readonly terms: string; readonly amount_yuan?: number; readonly due_on?: string };
}
export const conclude = (m: Mediation, result: Concluded): Promise<boolean> =>
  act(m, "outcome", "POST", "/outcome", result);

export const perform = (m: Mediation, performance: string): Promise<boolean> =>
  act(m, "performance", "POST", "/performance", { performance });

export const followUp = (m: Mediation, satisfaction: string): Promise<boolean> =>
  act(m, "follow_up", "POST", "/follow_up", { satisfaction });

export const cancel = (m: Mediation, reason: string): Promise<boolean> =>
  act(m, "cancel", "POST", "/cancel", { reason });

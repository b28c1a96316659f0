/** Accounts and their grants: what is shown, and what an admin does to them. */
import { computed, signal } from "@preact/signals";
import { get, write } from "../../api/client";
import type { Paged } from "../../api/types";
import { deed } from "../../state/deed";
import { faceParam, setFaceParams } from "../../state/face";
import { pagedList } from "../../state/paged";
import { resource } from "../../state/resource";
import { face } from "../../state/store";
import { withStepUp } from "../../ui/StepUp";
import { proposals } from "./proposing";
import type { Role, User } from "./types";

const PATH = "/api/v1/users";
const PAGE = 200;
const path = (name: string, rest = ""): string => `${PATH}/${encodeURIComponent(name)}${rest}`;

export const users = pagedList<User>(() => {
  if (face.value !== "users" || faceParam("v") !== "") return null;
  const query = { limit: PAGE, q: faceParam("q") };
  return { id: `users|${query.q}`, ask: (cursor, stop) => get<Paged<User>>(PATH, { ...query, cursor }, stop) };
});

/** What is typed into the search above the list. */
export const wanted = computed(() => faceParam("q"));
export const chosenName = computed(() => faceParam("sel"));
export const adding = computed(() => chosenName.value === NEW);
/** No login begins with a dash. */
export const NEW = "-new";
/** and the sheet of many posts */
export const SHEET = "-sheet";
export const withSheet = computed(() => chosenName.value === SHEET);

/** The opened one: from the list, and asked for by itself where the list does not show it. */
const alone = resource<User>(() => {
  const name = chosenName.value;
  const none = name === "" || name === NEW || name === SHEET;
  if (face.value !== "users" || faceParam("v") !== "" || none) return null;
  const { data } = users.value.value;
  if (!data || data.items.some((user) => user.name === name)) return null;
  return { id: `user${name}|`, ask: (stop) => get<User>(path(name), {}, stop) };
});

export const chosenUser = computed<User | null>(() => {
  const name = chosenName.value;
  const listed = users.value.value.data?.items.find((user) => user.name === name);
  const single = alone.value.value.data;
  return listed ?? (single?.name === name ? single : null);
});

export const deeds = deed();
/** said after something was done that the list does not show */
export const said = signal<"userPasswordSet" | "userLinkSet" | "userFactorRemoved" | "proposed" | null>(null);

export function open(name: string): void {
  deeds.forget();
  said.value = null;
  setFaceParams({ sel: name });
}

/** Ask for all of them again, after something happened to others than the opened one. */
export function lookAgain(): void {
  users.retry();
  alone.retry();
}

function put(user: User): void {
  alone.patch((known) => (known.name === user.name ? user : known));
  users.patch((page) => {
    const known = page.items.some((item) => item.name === user.name);
    if (known || !user.name.includes(faceParam("q"))) {
      return { ...page, items: page.items.map((item) => (item.name === user.name ? user : item)) };
    }
    return { ...page, total: page.total + 1, items: [...page.items, user].sort((a, b) => (a.name < b.name ? -1 : 1)) };
  });
}

/** Do it, then show the account as the server has it now; what waits for a second person is said. */
async function change(what: string, name: string, act: () => Promise<unknown>): Promise<boolean> {
  said.value = null;
  const waiting = (): number => chosenUser.peek()?.proposals.length ?? 0;
  const before = waiting();
  return deeds.run(what, async () => {
    await withStepUp(act);
    const now = await get<User>(path(name));
    put(now);
    if (now.proposals.length > before) {
      said.value = "proposed";
      proposals.retry();
    }
  });
}

export async function add(name: string, password: string): Promise<void> {
  const done = await change("add", name, () => write("POST", PATH, { name, password }));
  if (done) open(name);
}

export const setDisabled = (name: string, disabled: boolean): Promise<boolean> =>
  change("disable", name, () => write("PATCH", path(name), { disabled }));

export async function setPassword(name: string, password: string): Promise<boolean> {
  const done = await change("password", name, () => write("PATCH", path(name), { password }));
  if (done) said.value ??= "userPasswordSet";
  return done;
}

/** Link an account to a subject at the city's provider; empty: to none. */
export async function setSubject(name: string, subject: string): Promise<boolean> {
  const done = await change("subject", name, () => write("PATCH", path(name), { subject }));
  if (done) said.value ??= "userLinkSet";
  return done;
}

/** Take its second factor away, which its post has lost. */
export async function removeFactor(name: string): Promise<boolean> {
  const done = await change("factor", name, () => write("PATCH", path(name), { second_factor: false }));
  if (done) said.value ??= "userFactorRemoved";
  return done;
}

export const endSessions = (name: string): Promise<boolean> =>
  change("sessions", name, () => write("DELETE", path(name, "/sessions")));

export const addGrant = (name: string, role: Role, area: number, until: string | null): Promise<boolean> =>
  change("grant", name, () => write("POST", path(name, "/grants"), { role, area, ...(until ? { until } : {}) }));

export const revokeGrant = (name: string, grant: number): Promise<boolean> =>
  change(`revoke${grant}`, name, () => write("DELETE", path(name, `/grants/${grant}`)));

/** Open sessions: screens on walls, and all others; labelled and ended one by one. */
import { computed } from "@preact/signals";
import { get, write } from "../../api/client";
import type { Paged } from "../../api/types";
import { faceParam, setFaceParams } from "../../state/face";
import { pagedList } from "../../state/paged";
import { face } from "../../state/store";
import { withStepUp } from "../../ui/StepUp";
import { deeds } from "./state";
import type { OpenSession } from "./types";

const PATH = "/api/v1/sessions";
const PAGE = 200;

/** What the face lists: accounts, screens on walls, or every session. */
export const LISTS = ["users", "walls", "sessions"] as const;
export type ListName = (typeof LISTS)[number];

export const shownList = computed<ListName>(() => LISTS.find((name) => name === faceParam("v")) ?? "users");

export function showList(name: ListName, user = ""): void {
  deeds.forget();
  setFaceParams({ v: name === "users" ? "" : name, q: user, sel: "" });
}

export const sessions = pagedList<OpenSession>(() => {
  const list = shownList.value;
  if (face.value !== "users" || list === "users") return null;
  const query = list === "walls" ? { limit: PAGE, role: "wall_display" } : { limit: PAGE, user: faceParam("q") };
  return {
    id: `${list}|${faceParam("q")}`,
    ask: (cursor, stop) => get<Paged<OpenSession>>(PATH, { ...query, cursor }, stop),
  };
});

export const chosenSession = computed<OpenSession | null>(
  () => sessions.value.value.data?.items.find(({ id }) => String(id) === faceParam("sel")) ?? null,
);

export async function setLabel(id: number, label: string): Promise<boolean> {
  return deeds.run("label", async () => {
    const changed = await withStepUp(() =>
      write<OpenSession>("PATCH", `${PATH}/${id}`, { label: label === "" ? null : label }),
    );
    sessions.patch((page) => ({ ...page, items: page.items.map((item) => (item.id === id ? changed : item)) }));
  });
}

export async function endSession(id: number): Promise<boolean> {
  return deeds.run("end", async () => {
    await withStepUp(() => write("DELETE", `${PATH}/${id}`));
    setFaceParams({ sel: "" });
    sessions.patch((page) => ({ ...page, total: page.total - 1, items: page.items.filter((item) => item.id !== id) }));
  });
}

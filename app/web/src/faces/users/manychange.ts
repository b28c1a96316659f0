/** A change of many accounts while the server makes it: how far it is, and cancelling it. */
import { signal } from "@preact/signals";
import { get, write } from "../../api/client";
import { newUuid } from "../../state/draft";
import type { ChangeState } from "./types";

const PATH = "/api/v1/account_changes";
const LOOK_MS = 400;

/** the one that is being made; null: none */
export const going = signal<ChangeState | null>(null);

/** Ask that nothing come of it. Whether that was in time the change itself says when it ends. */
export function cancel(): void {
  const now = going.peek();
  if (now) going.value = { ...now, cancelling: true };
}

/** Make a change under an id of its own, and look how far it is until it has ended. */
export async function followed<T>(act: (id: string) => Promise<T>): Promise<T> {
  const id = newUuid();
  going.value = { stage: "reading", done: 0, total: 0, cancelling: false };
  let looking = false;
  let cancelled = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      const wanted = going.peek()?.cancelling === true && !cancelled;
      const told = wanted
        ? await write<ChangeState>("DELETE", `${PATH}/${id}`)
        : await get<ChangeState>(`${PATH}/${id}`);
      cancelled = told.cancelling;
      const now = going.peek();
      if (now) going.value = { ...told, cancelling: told.cancelling || now.cancelling };
    } catch {
      // It has not begun yet, or has just ended: the change itself will say what became of it.
    } finally {
      looking = false;
    }
  };
  const timer = window.setInterval(() => void look(), LOOK_MS);
  try {
    return await act(id);
  } finally {
    window.clearInterval(timer);
    going.value = null;
  }
}

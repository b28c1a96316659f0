/** A page whose session only watches: what it held of texts goes, and comes back with the password. */
import { effect, untracked } from "@preact/signals";
import { askEverythingAgain, forgetEverything } from "./resource";
import { watching } from "./session";

/** Follow the session from now on. */
export function startWatching(): void {
  let before = watching.peek();
  effect(() => {
    const now = watching.value;
    if (now === before) return;
    before = now;
    untracked(now ? forgetEverything : askEverythingAgain);
  });
}

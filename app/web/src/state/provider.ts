/** Signing in at a provider of the city's own: whether there is one, the way there, and what came of it. */
import { signal } from "@preact/signals";

import { at } from "../api/base";

const PATH = at("/api/v1/session/oidc");
const KEPT = "minqing.return";

/** Why the provider's answer signed nobody in; the server writes these into the page's address (`oidc=`). */
export type Refusal = "expired" | "refused" | "no-account" | "unavailable";
const REFUSALS: readonly string[] = ["expired", "refused", "no-account", "unavailable"] satisfies Refusal[];

/** The page's words for each of them. */
export const REFUSED = {
  expired: "signInAtExpired",
  refused: "signInAtRefused",
  "no-account": "signInAtNoAccount",
  unavailable: "signInAtUnavailable",
} as const;

/** Why stepping up there has just come to nothing; null where it has not. */
export const stepUpRefusal = signal<Refusal | null>(null);

/** The provider's name; null where there is none, or nobody can tell. */
export async function provider(): Promise<string | null> {
  try {
    const answer = await fetch(PATH, { headers: { accept: "application/json" } });
    if (!answer.ok) return null;
    const told: unknown = await answer.json();
    const name = typeof told === "object" && told !== null && "name" in told ? told.name : null;
    return typeof name === "string" && name !== "" ? name : null;
  } catch {
    return null;
  }
}

/** Leave for the provider; the page's state waits here. */
export function goToProvider(): void {
  leaveFor(`${PATH}/start`);
}

/** Leave for it to show once more who one is, for what is protected. */
export function stepUpAtProvider(): void {
  leaveFor(`${PATH}/start?step_up=true`);
}

function leaveFor(address: string): void {
  window.sessionStorage.setItem(KEPT, window.location.search);
  window.location.assign(address);
}

/** What the address says of an attempt that failed, in `search`. */
export function refusalIn(search: string): Refusal | null {
  const word = new URLSearchParams(search).get("oidc");
  return word !== null && REFUSALS.includes(word) ? (word as Refusal) : null;
}

/** Read it, and take it out of the address: a reload is a new attempt. */
export function takeRefusal(): Refusal | null {
  const refusal = refusalIn(window.location.search);
  if (refusal === null) return null;
  window.history.replaceState(null, "", takeKept() ?? window.location.pathname);
  return refusal;
}

/** Back from the provider and signed in: the address to go on at, or null for this one. */
export function keptAddress(): string | null {
  return window.location.search === "" ? takeKept() : null;
}

function takeKept(): string | null {
  const kept = window.sessionStorage.getItem(KEPT);
  window.sessionStorage.removeItem(KEPT);
  return kept?.startsWith("?") ? window.location.pathname + kept : null;
}

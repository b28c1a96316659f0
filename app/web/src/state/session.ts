/** Who is signed in. Whatever ends the session reloads the page, which keeps its address and asks again. */
import { computed, signal } from "@preact/signals";
import { at } from "../api/base";
import { asProblem, problemFrom, type Problem } from "../api/problem";
import type { components } from "../api/schema";
import { keepDraft } from "./draft";
import { askPassword } from "./password";

export type SessionInfo = components["schemas"]["SessionInfo"];
export type Grant = components["schemas"]["Grant"];

const PATH = at("/api/v1/session");
const JSON_HEADERS = { "content-type": "application/json", accept: "application/json" };

export const session = signal<SessionInfo | null>(null);

/** What a server without a session tells: why, and whether it is a demo. */
export interface Outside {
  readonly demo: boolean;
  /** null: nobody is signed in, which is no fault */
  readonly problem: Problem | null;
}

export function may(operation: string): boolean {
  return session.value?.operations.includes(operation) ?? false;
}

/** Whether this session only watches: nobody has used it for a while, and the password is asked for at the first action. */
export const watching = computed(() => session.value?.watching ?? false);

/** The server says whether it does. */
export function setWatching(now: boolean): void {
  const info = session.peek();
  if (info && info.watching !== now) session.value = { ...info, watching: now };
}

/** Whether an operation is closed until the password is given. */
export function isLocked(operation: string): boolean {
  const info = session.value;
  return info !== null && info.watching && !info.open_while_watching.includes(operation);
}

/** Whether nothing is open but what makes the account its post's own: another password, its code, a second factor. */
export function atFirstSignIn(): boolean {
  const info = session.value;
  return info !== null && (info.first_password || info.awaits_code || info.needs_second_factor);
}

export function activeGrant(): Grant | null {
  const info = session.value;
  return info?.grants.find((grant) => grant.id === info.active) ?? null;
}

/** The headers without which the server takes no write. */
export function writeHeaders(): Record<string, string> {
  return { ...JSON_HEADERS, "X-Minqing-Token": session.peek()?.header_token ?? "" };
}

/** Ask who is signed in; null when somebody is. */
export async function loadSession(): Promise<Outside | null> {
  try {
    const answer = await fetch(PATH, { headers: { accept: "application/json" }, cache: "no-store" });
    if (answer.ok) {
      session.value = (await answer.json()) as SessionInfo;
      return null;
    }
    const demo = answer.headers.get("x-minqing-demo") === "1";
    return { demo, problem: answer.status === 401 ? null : await problemFrom(answer) };
  } catch (reason) {
    return { demo: false, problem: asProblem(reason) };
  }
}

/** Somebody is here who asks for nothing: reading, or writing a long text. */
export function stayHere(): void {
  if (session.peek() === null) return;
  fetch(PATH, { headers: { accept: "application/json" }, cache: "no-store" }).then(
    (answer) => (answer.status === 401 ? sessionEnded() : undefined),
    () => undefined,
  );
}

/** What a sign-in can say beside the password. */
export interface SignInExtras {
  /** of the second factor; "" for none */
  readonly code: string;
  /** what tells this session from others of the account; "" for nothing */
  readonly label: string;
}

export async function signIn(user: string, password: string, { code, label }: SignInExtras): Promise<Problem | null> {
  const extras = { ...(code === "" ? {} : { code }), ...(label === "" ? {} : { label }) };
  const body = JSON.stringify({ user, password, ...extras });
  try {
    const answer = await fetch(PATH, { method: "POST", headers: JSON_HEADERS, body });
    if (!answer.ok) return await problemFrom(answer);
    session.value = (await answer.json()) as SessionInfo;
    return null;
  } catch (reason) {
    return asProblem(reason);
  }
}

let leaving = false;
/** Whether the page is loaded again by itself: nobody is asked whether that is all right. */
export const isLeaving = (): boolean => leaving;

/** Load the page anew: what is open to this session is another thing now. */
export function loadAgain(): void {
  leaving = true;
  window.location.reload();
}

export async function signOut(everywhere: boolean): Promise<void> {
  const query = everywhere ? "?everywhere=true" : "";
  await fetch(PATH + query, { method: "DELETE", headers: writeHeaders() }).catch(() => undefined);
  keepDraft(null); // a report that was not sent is not for whoever sits here next
  loadAgain();
}

export async function switchGrant(grant: number): Promise<void> {
  if (watching.peek() && !(await askPassword("watching"))) return;
  const body = JSON.stringify({ grant });
  await fetch(`${PATH}/grant`, { method: "PUT", headers: writeHeaders(), body }).catch(() => undefined);
  loadAgain();
}

/** The server says that nobody is signed in any more. */
export function sessionEnded(): void {
  if (leaving || session.peek() === null) return;
  loadAgain();
}

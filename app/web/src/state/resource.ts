/** Something fetched: it keeps the last good answer while a newer one is on its way, and says how old it is. */
import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import { asProblem, isAbort, type Problem } from "../api/problem";

export interface Resource<T> {
  readonly data: T | null;
  readonly loading: boolean;
  readonly error: Problem | null;
  /** local time of the last good answer; 0 before the first */
  readonly at: number;
}

export interface ResourceHandle<T> {
  readonly value: ReadonlySignal<Resource<T>>;
  readonly retry: () => void;
  /** Change the answer in place, for example with a live event. */
  readonly patch: (change: (data: T) => T) => void;
}

/** A part of something fetched: it is as old as the whole, and asked again with it. */
export interface PartHandle<T> {
  readonly value: ReadonlySignal<Resource<T>>;
  readonly retry: () => void;
}

/** The part that `take` finds in the answer; null where it is not of what is asked for now. */
export function partOf<W, T>(whole: ResourceHandle<W>, take: (data: W) => T | null | undefined): PartHandle<T> {
  const value = computed<Resource<T>>(() => {
    const now = whole.value.value;
    return { ...now, data: (now.data && take(now.data)) ?? null };
  });
  return { value, retry: whole.retry };
}

const RETRY_MS = 10_000;

/** Every resource of the page. */
const all = new Set<{ readonly forget: () => void; readonly retry: () => void }>();

/** Drop every answer that the page holds; what is shown is asked for again. */
export function forgetEverything(): void {
  for (const each of all) each.forget();
}

/** Ask again for all that is shown; what is known stays until the answer is there. */
export function askEverythingAgain(): void {
  for (const each of all) each.retry();
}

/**
 * Fetch whenever `key` changes. `key` returns null when nothing is wanted, else how to ask and the question's identity,
 * "subject|details": while newer details are on their way the last answer on the same subject stays, on another it goes.
 */
export function resource<T>(
  key: () => { id: string; ask: (signal: AbortSignal) => Promise<T> } | null,
): ResourceHandle<T> {
  const value = signal<Resource<T>>({ data: null, loading: false, error: null, at: 0 });
  const again = signal(0);
  let timer = 0;
  const lastOf = new Map<string, T>();

  effect(() => {
    const question = key();
    track(again.value);
    window.clearTimeout(timer);
    if (!question) {
      value.value = { data: null, loading: false, error: null, at: 0 };
      return undefined;
    }
    const abort = new AbortController();
    const kind = question.id.split("|", 1)[0] ?? "";
    value.value = { ...value.peek(), data: lastOf.get(kind) ?? null, loading: true };
    question.ask(abort.signal).then(
      (data) => {
        if (abort.signal.aborted) return;
        remember(lastOf, kind, data);
        value.value = { data, loading: false, error: null, at: Date.now() };
      },
      (reason: unknown) => {
        if (abort.signal.aborted) return;
        const problem = isAbort(reason) ? asProblem(new Error("timeout")) : asProblem(reason);
        value.value = { ...value.peek(), loading: false, error: problem };
        if (problem.offline || problem.status >= 500) timer = window.setTimeout(() => again.value++, RETRY_MS);
      },
    );
    return () => abort.abort();
  });

  const retry = (): void => {
    again.value++;
  };
  const forget = (): void => {
    lastOf.clear();
    value.value = { data: null, loading: false, error: null, at: 0 };
    retry();
  };
  all.add({ forget, retry });
  return {
    value,
    retry,
    patch: (change) => {
      const now = value.peek();
      if (now.data === null) return;
      const data = change(now.data);
      for (const [kind, last] of lastOf) if (last === now.data) lastOf.set(kind, data);
      value.value = { ...now, data };
    },
  };
}

const KEPT_KINDS = 8;

function remember<T>(lastOf: Map<string, T>, kind: string, data: T): void {
  lastOf.delete(kind);
  lastOf.set(kind, data);
  const [oldest] = lastOf.keys();
  if (lastOf.size > KEPT_KINDS && oldest !== undefined) lastOf.delete(oldest);
}

/** Name the signals an effect depends on without using their values: reading them is what counts. */
export const track: (...read: readonly unknown[]) => void = () => undefined;

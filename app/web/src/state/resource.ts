/** Something fetched: it keeps the last good answer while a newer one is on its way, and says how old it is. */
import { effect, signal, type ReadonlySignal } from "@preact/signals";
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

const RETRY_MS = 10_000;

/**
 * Fetch whenever `key` changes. `key` returns null when nothing is wanted (the last answer is then dropped), else the
 * identity of the question and how to ask it. A change of `fresh` only asks the same question again.
 */
export function resource<T>(
  key: () => { id: string; ask: (signal: AbortSignal) => Promise<T> } | null,
): ResourceHandle<T> {
  const value = signal<Resource<T>>({ data: null, loading: false, error: null, at: 0 });
  const again = signal(0);
  let timer = 0;
  let shown: string | null = null;

  effect(() => {
    const question = key();
    track(again.value);
    window.clearTimeout(timer);
    if (!question) {
      shown = null;
      value.value = { data: null, loading: false, error: null, at: 0 };
      return undefined;
    }
    const abort = new AbortController();
    const before = value.peek();
    const keep = shown === null || sameKind(shown, question.id);
    value.value = { ...before, data: keep ? before.data : null, loading: true };
    question.ask(abort.signal).then(
      (data) => {
        if (abort.signal.aborted) return;
        shown = question.id;
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

  return {
    value,
    retry: () => {
      again.value++;
    },
    patch: (change) => {
      const now = value.peek();
      if (now.data !== null) value.value = { ...now, data: change(now.data) };
    },
  };
}

/** Ids are "subject|details": a new subject must not show the old one's data while loading. */
function sameKind(a: string, b: string): boolean {
  return a.split("|", 1)[0] === b.split("|", 1)[0];
}

/** Name the signals an effect depends on without using their values: reading them is what counts. */
export const track: (...read: readonly unknown[]) => void = () => undefined;

/** A list that is fetched part by part: the first like any resource, more when somebody asks for it. */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { Paged } from "../api/types";
import { resource, type Resource } from "./resource";

export interface PagedHandle<T> {
  readonly value: ReadonlySignal<Resource<Paged<T>>>;
  readonly loadingMore: ReadonlySignal<boolean>;
  readonly retry: () => void;
  readonly more: () => Promise<void>;
  readonly patch: (change: (page: Paged<T>) => Paged<T>) => void;
}

/** `key` as for a resource; `ask` gets the cursor of the part that is wanted, undefined for the first. */
export function pagedList<T>(
  key: () => { id: string; ask: (cursor: string | undefined, signal?: AbortSignal) => Promise<Paged<T>> } | null,
): PagedHandle<T> {
  const loadingMore = signal(false);
  let current: ((cursor: string) => Promise<Paged<T>>) | null = null;
  const first = resource<Paged<T>>(() => {
    const question = key();
    current = question?.ask ?? null;
    return question && { id: question.id, ask: (stop) => question.ask(undefined, stop) };
  });
  const more = async (): Promise<void> => {
    const cursor = first.value.peek().data?.next;
    if (!cursor || !current || loadingMore.peek()) return;
    loadingMore.value = true;
    try {
      const page = await current(cursor);
      first.patch((shown) => (shown.next === cursor ? { ...page, items: [...shown.items, ...page.items] } : shown));
    } catch {
      // The button stays where it is: pressing again is the retry.
    } finally {
      loadingMore.value = false;
    }
  };
  return { value: first.value, loadingMore, retry: first.retry, patch: first.patch, more };
}

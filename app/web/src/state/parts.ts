/** The beginning of a list that the server gives in parts. */
import type { Paged } from "../api/types";

/**
 * The first `count` parts, one after the other, as one. What moved between two of them is in it once.
 *
 * Rejects with what a part was refused with.
 */
export async function firstParts<T>(
  count: number,
  ask: (cursor: string | undefined) => Promise<Paged<T>>,
  keyOf: (item: T) => number,
): Promise<Paged<T>> {
  let part = await ask(undefined);
  const items = new Map(part.items.map((item) => [keyOf(item), item]));
  for (let read = 1; read < count && part.next; read++) {
    part = await ask(part.next);
    for (const item of part.items) items.set(keyOf(item), item);
  }
  return { ...part, items: [...items.values()] };
}

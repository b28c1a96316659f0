/**
 * What is drawn but not accepted yet, by plan and community, as text. It outlives leaving the community, and loading the
 * page again (a session that ends does that), in its tab: numbers of units and cells only. Pure.
 */
import type { Moves, Pending } from "./history";

export type Kept = ReadonlyMap<string, Pending>;

export const keyOf = (plan: number, community: number): string =>
  plan === 0 || community === 0 ? "" : `${plan}.${community}`;

/** The communities of a plan among what is kept. */
export function communitiesOf(kept: Kept, plan: number): readonly number[] {
  return [...kept.keys()]
    .map((key) => key.split("."))
    .filter(([of]) => Number(of) === plan)
    .map(([, community]) => Number(community));
}

type Packed = readonly [key: string, at: number, gestures: readonly (readonly (readonly [number, number])[])[]];

/** "" where nothing is pending. */
export function packed(user: string, kept: Kept): string {
  const rows = [...kept]
    .filter(([, { at }]) => at > 0)
    .map(([key, { at, gestures }]): Packed => [key, at, gestures.map((moves) => [...moves])]);
  return rows.length === 0 ? "" : JSON.stringify({ user, rows });
}

const isPair = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => Number.isSafeInteger(part));

function gesturesOf(value: unknown): Moves[] {
  if (!Array.isArray(value)) return [];
  return value.map((moves) => new Map(Array.isArray(moves) ? moves.filter(isPair) : []));
}

/** What somebody had kept; of anybody else, or of a text that is not ours, nothing. */
export function unpacked(text: string | null, user: string): Map<string, Pending> {
  let found: unknown = null;
  try {
    found = JSON.parse(text ?? "null");
  } catch {
    return new Map();
  }
  const { user: whose, rows } = (found ?? {}) as { user?: unknown; rows?: unknown };
  if (whose !== user || !Array.isArray(rows)) return new Map();
  return new Map(
    rows
      .filter(
        (row): row is [string, number, unknown] =>
          Array.isArray(row) && typeof row[0] === "string" && Number.isSafeInteger(row[1]),
      )
      .map(([key, at, moves]) => {
        const gestures = gesturesOf(moves);
        return [key, { gestures, at: Math.max(0, Math.min(at, gestures.length)) }];
      }),
  );
}

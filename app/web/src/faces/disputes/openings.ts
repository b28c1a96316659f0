/** Times in which everybody and a room are free, as days with times to click. Pure. */
import { clock, day } from "../../ui/format";
import type { Opening } from "./types";

export interface Day {
  /** yyyy-mm-dd, local */
  readonly on: string;
  /** one a time of the day: the chosen room's, else the first that is free */
  readonly openings: readonly Opening[];
}

export function byDay(openings: readonly Opening[], room: number | null): Day[] {
  const days = new Map<string, Map<string, Opening>>();
  for (const opening of [...openings].sort((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at))) {
    if (room !== null && opening.room.id !== room) continue;
    const on = day(opening.starts_at);
    const times = days.get(on) ?? new Map<string, Opening>();
    const time = timeText(opening);
    if (!times.has(time)) times.set(time, opening);
    days.set(on, times);
  }
  return [...days].map(([on, times]) => ({ on, openings: [...times.values()] }));
}

/** 09:00–10:00 */
export function timeText({ starts_at, ends_at }: Pick<Opening, "starts_at" | "ends_at">): string {
  return `${clock(starts_at)}–${clock(ends_at)}`;
}

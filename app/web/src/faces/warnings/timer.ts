/** The timer of a visit: how much is left of it, as a clock that runs down, and in which of three ways. Pure. */
import type { ClockKind } from "../../state/clockview";
import type { Warning } from "./types";

export interface Timer {
  readonly kind: ClockKind;
  /** to the deadline; negative beyond it; for a visit that was made as it stood then */
  readonly left_s: number;
}

type Timed = Pick<Warning, "dispatched_at" | "visit_due_at" | "visited_at">;

/** `now` in ms by the server's clock. Soon due is the last third: what is left of it is the way there. */
export function visitTimer(warning: Timed, now: number): Timer {
  const due = Date.parse(warning.visit_due_at);
  const visited = warning.visited_at === null ? null : Date.parse(warning.visited_at);
  const left_s = Math.floor((due - (visited ?? now)) / 1000);
  if (visited !== null) return { kind: left_s < 0 ? "missed" : "kept", left_s };
  const whole_s = (due - Date.parse(warning.dispatched_at)) / 1000;
  return { kind: left_s < 0 ? "overdue" : left_s * 3 <= whole_s ? "due_soon" : "ok", left_s };
}

/** 29:07, 1:04:30, and with a plus what is over the limit: +02:11. */
export function timerText(left_s: number): string {
  const seconds = Math.abs(left_s);
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${left_s < 0 ? "+" : ""}${hours > 0 ? `${hours}:` : ""}${rest}`;
}

export function isRunning({ state }: Pick<Warning, "state">): boolean {
  return state !== "arrived" && state !== "concluded";
}

/** Running timers first, by what is due first; then the visits that still need a result; the rest newest first. */
export function byTimer<T extends Pick<Warning, "state" | "visit_due_at" | "dispatched_at">>(
  warnings: readonly T[],
): T[] {
  const rank = (warning: T): number => (isRunning(warning) ? 0 : warning.state === "arrived" ? 1 : 2);
  const order = (a: T, b: T): number => {
    if (rank(a) !== rank(b)) return rank(a) - rank(b);
    return rank(a) === 2
      ? Date.parse(b.dispatched_at) - Date.parse(a.dispatched_at)
      : Date.parse(a.visit_due_at) - Date.parse(b.visit_due_at);
  };
  return [...warnings].sort(order);
}

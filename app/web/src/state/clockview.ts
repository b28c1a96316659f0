/** How a case's clock is shown: one kind, and how much is left of it now. Pure. */
import type { CaseClock } from "../api/cases";

export type ClockKind = "overdue" | "due_soon" | "ok" | "paused" | "unknown" | "kept" | "missed";

export interface ClockView {
  readonly kind: ClockKind;
  /** to the deadline: negative beyond it, null when it is not known; for an ended clock as it stood at its end */
  readonly left_s: number | null;
}

/** Null: there is nothing to show, because no limit is fixed or nothing runs yet. */
export function clockView(clock: CaseClock | undefined, now: number): ClockView | null {
  if (!clock || clock.state === "no_limit" || clock.state === "not_started") return null;
  if (clock.state === "unknown") return { kind: "unknown", left_s: null };
  if (clock.ended_at !== null) {
    return { kind: clock.state === "overdue" ? "missed" : "kept", left_s: clock.remaining_s };
  }
  return running(clock, now);
}

function running(clock: CaseClock, now: number): ClockView {
  if (clock.is_paused) return { kind: "paused", left_s: clock.remaining_s };
  const left_s = clock.due_at === null ? null : Math.round((Date.parse(clock.due_at) - now) / 1000);
  // The server's word is as old as its answer; a deadline that has passed meanwhile has passed.
  if (clock.state === "overdue" || (left_s !== null && left_s < 0)) return { kind: "overdue", left_s };
  return { kind: clock.state === "due_soon" ? "due_soon" : "ok", left_s };
}

/** True when extension, suspension or appeal moved the deadline. */
export function isAdjusted(clock: CaseClock): boolean {
  return clock.raw_due_at !== clock.due_at;
}

export interface Span {
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
}

/** A length in whole minutes, cut down: 59 s are no minute yet. */
export function spanOf(seconds: number): Span {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  return { days: Math.floor(minutes / 1440), hours: Math.floor((minutes % 1440) / 60), minutes: minutes % 60 };
}

/** Time windows. A preset moves with the clock; a custom one stands still. All instants are UTC milliseconds. */

export type Preset = "1h" | "6h" | "24h" | "7d" | "30d";

export interface CustomWindow {
  readonly since: number;
  readonly until: number;
}

export type TimeWindow = Preset | CustomWindow;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const SPANS_MS: Readonly<Record<Preset, number>> = {
  "1h": HOUR_MS,
  "6h": 6 * HOUR_MS,
  "24h": 24 * HOUR_MS,
  "7d": 7 * 24 * HOUR_MS,
  "30d": 30 * 24 * HOUR_MS,
};

export const PRESETS: readonly Preset[] = ["1h", "6h", "24h", "7d", "30d"];

export function isPreset(value: string): value is Preset {
  return Object.hasOwn(SPANS_MS, value);
}

export function isLive(window: TimeWindow): window is Preset {
  return typeof window === "string";
}

export function spanMs(window: TimeWindow): number {
  return isLive(window) ? SPANS_MS[window] : window.until - window.since;
}

export interface Resolved {
  readonly since: number;
  /** null: until now, so that fresh cases are inside */
  readonly until: number | null;
}

/**
 * The window's bounds at `now`. A moving window starts on a whole step of its own (one minute for an hour, one hour
 * for 30 days), so that every screen asks the same question and caches can answer it.
 */
export function resolveWindow(window: TimeWindow, now: number): Resolved {
  if (!isLive(window)) return { since: window.since, until: window.until };
  const step = Math.max(MINUTE_MS, SPANS_MS[window] / 720);
  return { since: Math.floor((now - SPANS_MS[window]) / step) * step, until: null };
}

export function rfc3339(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}

/** Room on both sides of a custom window on the brush, in lengths of the window. */
export const BRUSH_ROOM = 0.5;

/** A custom window from two ends in any order, never empty (at least a minute), never after now. */
export function customWindow(a: number, b: number, now: number): CustomWindow {
  const floor = (at: number): number => Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const until = Math.min(floor(Math.max(a, b)), floor(now));
  const since = Math.min(floor(Math.min(a, b)), until - MINUTE_MS);
  return { since, until };
}

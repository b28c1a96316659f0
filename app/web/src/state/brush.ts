/** Between time and the pixels of the brush. */

export interface BrushScale {
  readonly since: number;
  readonly until: number;
  /** CSS px */
  readonly width: number;
}

export function fromBrush(scale: BrushScale, at: number): number {
  return ((at - scale.since) / (scale.until - scale.since)) * scale.width;
}

export function toTime(scale: BrushScale, x: number): number {
  const share = Math.max(0, Math.min(1, x / scale.width));
  return scale.since + share * (scale.until - scale.since);
}

const HOUR_MS = 3_600_000;
const STEPS_MS = [
  5 * 60_000,
  10 * 60_000,
  30 * 60_000,
  HOUR_MS,
  2 * HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
  2 * 24 * HOUR_MS,
  7 * 24 * HOUR_MS,
  14 * 24 * HOUR_MS,
  30 * 24 * HOUR_MS,
];
const LOCAL_MS = 8 * HOUR_MS;
const TICK_PX = 84;

/** Round local instants, about one every 84 px. */
export function tickTimes(scale: BrushScale): { readonly at: number[]; readonly step_ms: number } {
  const wanted = ((scale.until - scale.since) * TICK_PX) / Math.max(1, scale.width);
  const step_ms = STEPS_MS.find((step) => step >= wanted) ?? 30 * 24 * HOUR_MS;
  const at: number[] = [];
  for (
    let tick = Math.ceil((scale.since + LOCAL_MS) / step_ms) * step_ms - LOCAL_MS;
    tick <= scale.until;
    tick += step_ms
  ) {
    at.push(tick);
  }
  return { at, step_ms };
}

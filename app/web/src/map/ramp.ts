/** Class breaks and the colours of a choropleth. Pure numbers: the palette is handed in. */

export interface Scale {
  /** Upper-open lower bounds of each class, ascending; class i is [lower[i], lower[i+1]). */
  readonly lower: readonly number[];
  readonly max: number;
}

/** Round up to 1, 2, 2.5 or 5 times a power of ten, so that a legend reads at a glance. Counts stay whole. */
export function niceNumber(value: number, whole: boolean): number {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = whole && power < 10 ? [1, 2, 3, 4, 5, 6, 8, 10] : [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  const unit = value / power;
  let best = 10;
  for (const step of steps) if (Math.abs(step - unit) < Math.abs(best - unit)) best = step;
  const nice = best * power;
  return whole ? Math.max(1, Math.round(nice)) : Number(nice.toPrecision(3));
}

/**
 * Quantile classes over the values above zero, rounded to readable bounds, without empty or double classes.
 * Few distinct whole values give one class each.
 */
export function makeScale(values: readonly number[], classes: number): Scale {
  const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
  const first = sorted[0];
  const max = sorted[sorted.length - 1];
  if (first === undefined || max === undefined) return { lower: [], max: 0 };
  const whole = sorted.every(Number.isInteger);
  const distinct = [...new Set(sorted)];
  if (whole && distinct.length <= classes) return { lower: distinct, max };
  const start = whole ? 1 : floorNice(first);
  const lower: number[] = [start];
  for (let i = 1; i < classes; i++) {
    const q = sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * i) / classes))] ?? max;
    const bound = niceNumber(q, whole);
    if (bound > (lower[lower.length - 1] ?? 0) && bound <= max) lower.push(bound);
  }
  stretch(lower, max, classes, whole);
  return { lower, max };
}

/** Where most values are alike, quantiles leave classes over: they go to the long tail, in even steps of ratio. */
function stretch(lower: number[], max: number, classes: number, whole: boolean): void {
  while (lower.length < classes) {
    const last = lower[lower.length - 1] ?? 1;
    const ratio = Math.max(1.3, (max / last) ** (1 / (classes - lower.length + 1)));
    const bound = niceNumber(whole ? Math.max(last + 1, last * ratio) : last * ratio, whole);
    if (bound <= last || bound >= max) return;
    lower.push(bound);
  }
}

function floorNice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return Number((Math.floor(value / power) * power).toPrecision(3));
}

/** The class of a value: -1 for nothing (zero or absent), else 0.. . */
export function classOf(scale: Scale, value: number | undefined): number {
  if (value === undefined || value <= 0) return -1;
  let index = 0;
  for (let i = 1; i < scale.lower.length; i++) if (value >= (scale.lower[i] ?? Infinity)) index = i;
  return scale.lower.length > 0 ? index : -1;
}

/** n colours spread over a longer ramp; one class takes the middle, so that it never looks like an extreme. */
export function spread(ramp: readonly string[], n: number): string[] {
  if (n <= 0 || ramp.length === 0) return [];
  if (n === 1) return [ramp[Math.floor(ramp.length / 2)] ?? ""];
  return Array.from({ length: n }, (_, i) => ramp[Math.round((i * (ramp.length - 1)) / (n - 1))] ?? "");
}

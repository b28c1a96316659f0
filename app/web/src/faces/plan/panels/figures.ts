/** The measures of a plan as rows to show: how each is written, and which way is better. Pure. */
import type { TextKey } from "../../../i18n";
import type { Measures } from "../types";

export interface MeasureLine {
  readonly key: keyof Measures;
  readonly titleKey: TextKey;
  readonly hintKey: TextKey;
  readonly form: "share" | "ratio" | "plain" | "count";
  /** 1: more is better; -1: less is; 0: neither */
  readonly better: 1 | -1 | 0;
}

export const MEASURE_LINES: readonly MeasureLine[] = [
  { key: "within_10", titleKey: "planWithin10", hintKey: "planWithinHint", form: "share", better: 1 },
  { key: "within_15", titleKey: "planWithin15", hintKey: "planWithinHint", form: "share", better: 1 },
  { key: "within_20", titleKey: "planWithin20", hintKey: "planWithinHint", form: "share", better: 1 },
  { key: "largest_over_mean", titleKey: "planLargest", hintKey: "planLargestHint", form: "ratio", better: -1 },
  { key: "variation", titleKey: "planVariation", hintKey: "planVariationHint", form: "plain", better: -1 },
  { key: "compactness", titleKey: "planCompactness", hintKey: "planCompactnessHint", form: "plain", better: 1 },
  { key: "on_street", titleKey: "planOnStreet", hintKey: "planOnStreetHint", form: "share", better: 1 },
  { key: "broken", titleKey: "planBroken", hintKey: "planBrokenHint", form: "count", better: -1 },
  { key: "cells", titleKey: "planCells", hintKey: "planCellsHint", form: "count", better: 0 },
  { key: "moved", titleKey: "planMoved", hintKey: "planMovedHint", form: "share", better: 0 },
  { key: "touched", titleKey: "planTouched", hintKey: "planTouchedHint", form: "share", better: 0 },
];

export function measureText(form: MeasureLine["form"], value: number): string {
  switch (form) {
    case "share":
      return `${(value * 100).toFixed(1)} %`;
    case "ratio":
      return `${value.toFixed(2)} ×`;
    case "plain":
      return value.toFixed(3);
    case "count":
      return value.toFixed(0);
  }
}

/** The change, with its sign; percentage points for shares; "" where nothing changed as it is shown. */
export function changeText(form: MeasureLine["form"], before: number, after: number): string {
  if (measureText(form, before) === measureText(form, after)) return "";
  const by = after - before;
  const sign = by > 0 ? "+" : "−";
  const size = Math.abs(by);
  switch (form) {
    case "share":
      return `${sign}${(size * 100).toFixed(1)}`;
    case "ratio":
      return `${sign}${size.toFixed(2)}`;
    case "plain":
      return `${sign}${size.toFixed(3)}`;
    case "count":
      return `${sign}${size.toFixed(0)}`;
  }
}

/** Whether a change is for the better (1), for the worse (-1) or neither, as far as it can be seen. */
export function verdict({ form, better }: MeasureLine, before: number, after: number): 1 | -1 | 0 {
  if (better === 0 || changeText(form, before, after) === "") return 0;
  return Math.sign(after - before) === better ? 1 : -1;
}

/** A deviation in percent: +34 %, −8 %. */
export function deviationText(deviation: number): string {
  const percent = Math.round(deviation * 100);
  return `${percent > 0 ? "+" : percent < 0 ? "−" : ""}${Math.abs(percent)} %`;
}

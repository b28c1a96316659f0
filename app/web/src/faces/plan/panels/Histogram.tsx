/** How the cells' deviations lie: a bar a class, what is within ±15 % set off by form and colour. */
import type { JSX } from "preact";
import { t } from "../../../i18n";
import { number } from "../../../ui/format";
import { deviationText } from "./figures";

const WIDTH = 136;
const HEIGHT = 40;
const NEAR = 0.15;
const EPSILON = 1e-9;

export function Histogram({
  label,
  edges,
  counts,
  most,
}: {
  label: string;
  /** one more than counts */
  edges: readonly number[];
  counts: readonly number[];
  /** the highest bar of all histograms that stand side by side */
  most: number;
}): JSX.Element {
  const step = WIDTH / Math.max(1, counts.length);
  return (
    <svg
      class="plan-histogram"
      viewBox={`0 0 ${WIDTH} ${HEIGHT + 2}`}
      role="img"
      aria-label={`${label}${t("colon")}${inWords(edges, counts)}`}
    >
      {counts.map((count, i) => {
        const height = most === 0 ? 0 : (count / most) * HEIGHT;
        const from = edges[i] ?? 0;
        const to = edges[i + 1] ?? 0;
        const kind = to <= -NEAR + EPSILON ? "light" : from >= NEAR - EPSILON ? "heavy" : "even";
        return (
          <rect
            key={i}
            class={kind}
            x={i * step + 0.5}
            y={HEIGHT - height}
            width={Math.max(1, step - 1)}
            height={height}
          >
            <title>{`${range(from, to)}${t("colon")}${number(count)}`}</title>
          </rect>
        );
      })}
      <line class="ground" x1="0" x2={WIDTH} y1={HEIGHT + 0.5} y2={HEIGHT + 0.5} />
      <line class="zero" x1={zeroAt(edges)} x2={zeroAt(edges)} y1="0" y2={HEIGHT + 2} />
    </svg>
  );
}

function range(from: number, to: number): string {
  return `${deviationText(from)} … ${deviationText(to)}`;
}

/** The classes that have any cell, in words. */
function inWords(edges: readonly number[], counts: readonly number[]): string {
  return counts
    .map((count, i) =>
      count === 0 ? "" : t("planHistogramClass", { range: range(edges[i] ?? 0, edges[i + 1] ?? 0), n: number(count) }),
    )
    .filter((part) => part !== "")
    .join(t("comma"));
}

function zeroAt(edges: readonly number[]): number {
  const last = edges.length - 1;
  for (let i = 0; i < last; i++) {
    const from = edges[i] ?? 0;
    const to = edges[i + 1] ?? 0;
    if (from <= 0 && 0 < to) return ((i + (0 - from) / (to - from)) / last) * WIDTH;
  }
  return WIDTH / 2;
}

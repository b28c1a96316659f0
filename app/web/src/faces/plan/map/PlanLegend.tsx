/** How to read the map: classes of deviation with their bounds and how many cells each holds, lines and hatches. */
import { computed } from "@preact/signals";
import type { JSX } from "preact";
import { t, word } from "../../../i18n";
import { faceParam, setFaceParams } from "../../../state/face";
import { phone } from "../../../state/store";
import { number } from "../../../ui/format";
import { figures } from "../bench/figures";
import { benchCode, laid } from "../state";
import { besideId } from "./beside";
import { classCounts, CLASSES, EDGES } from "./deviation";

const counts = computed(() => (figures.value.data ? classCounts(figures.value.data.cells.values()) : null));

const percent = (edge: number): string => `${edge > 0 ? "+" : "−"}${Math.abs(Math.round(edge * 100))}`;

export function PlanLegend(): JSX.Element | null {
  const today = faceParam("today") !== "0";
  if (counts.value === null) return null;
  return (
    <div class="legend open plan-legend">
      <div class="legend-part">
        <h3>
          {t("planMapDeviation")} <span class="soft">% · {t("planMapDeviationOf")}</span>
        </h3>
        <div class="plan-classes">
          {Array.from({ length: CLASSES }, (_, i) => (
            <div key={i} class="plan-class">
              <span class="plan-swatch" style={{ background: `var(--dev-${i})` }} />
              <span class="plan-class-n tabular">{number(counts.value?.[i] ?? 0)}</span>
            </div>
          ))}
        </div>
        <div class="plan-edges tabular" aria-hidden="true">
          {EDGES.map((edge) => (
            <span key={edge}>{percent(edge)}</span>
          ))}
        </div>
      </div>
      <div class="legend-part plan-lines">
        <label>
          <input type="checkbox" checked={today} onChange={() => setFaceParams({ today: today ? "0" : "" })} />{" "}
          <i class="plan-line dashed" /> {t("planMapToday")}
        </label>
        {phone.value || benchCode.value !== 0 || besideId.value !== 0 ? null : (
          <>
            <span>
              <i class="plan-line" /> {t("planMapBorder")}
            </span>
            <span>
              <i class="plan-hatch waiting" /> {t("planMapWaiting")}
            </span>
            <span>
              <i class="plan-hatch faulty" /> ✕ {t("planMapFaulty")}
            </span>
            <span>▲ ▼ {t("planMapFar")}</span>
          </>
        )}
        {[...new Set(laid.value.map(({ kind }) => kind))].map((kind) => (
          <span key={kind}>
            <i class={`plan-line laid ${kind}`} /> {word("planShape", kind)}
          </span>
        ))}
      </div>
    </div>
  );
}

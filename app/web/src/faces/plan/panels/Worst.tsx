/** What most needs a hand: what the gate would refuse first, then cells that carry far too much or too little. */
import type { JSX } from "preact";
import { t, word } from "../../../i18n";
import { ancestorAt } from "../../../state/codes";
import { number } from "../../../ui/format";
import { Empty, Failed, Skeleton } from "../../../ui/states";
import { openBench, planMap } from "../state";
import { deviationText } from "./figures";
import { problems } from "./measures";
import { cellsLabel } from "./names";
import type { PlanProblem } from "./shapes";

const SHOWN = 12;
const NEAR_ZOOM = 16;

export function flyTo(place: { readonly lon?: number | null; readonly lat?: number | null; readonly cells: readonly number[] }): void {
  const [cell] = place.cells;
  if (cell !== undefined) openBench(ancestorAt(cell, "community"));
  if (typeof place.lon === "number" && typeof place.lat === "number") planMap.value?.show(place.lon, place.lat, NEAR_ZOOM);
}

export function Worst(): JSX.Element | null {
  const { data, error } = problems.value.value;
  return (
    <section class="plan-section" aria-label={t("planWorst")}>
      <div class="plan-section-head">
        <h2>{t("planWorst")}</h2>
        <span class="soft tabular">{data ? number(data.length) : ""}</span>
      </div>
      {error ? <Failed what="what_problems" problem={error} retry={problems.retry} /> : null}
      {!data && !error ? <Skeleton rows={5} /> : null}
      {data?.length === 0 ? <Empty title={t("planWorstNone")} hint={t("planWorstNoneHint")} /> : null}
      <ol class="plan-problems">
        {data?.slice(0, SHOWN).map((problem, i) => <li key={i}><Problem problem={problem} /></li>)}
      </ol>
      {data && data.length > SHOWN ? <p class="soft plan-more">{t("planWorstMore", { n: number(data.length - SHOWN) })}</p> : null}
    </section>
  );
}

function Problem({ problem }: { problem: PlanProblem }): JSX.Element {
  const { deviation } = problem;
  const uneven = typeof deviation === "number";
  return (
    <button type="button" class="plan-problem" onClick={() => flyTo(problem)}>
      <span class={uneven ? (deviation > 0 ? "plan-heavy" : "plan-light") : "plan-fault"} aria-hidden="true">{uneven ? (deviation > 0 ? "▲" : "▼") : "✕"}</span>
      <span class="grow">{cellsLabel(problem.cells, 3)}</span>
      <span class="tabular">{uneven ? deviationText(deviation) : word("planRule", problem.rule ?? problem.kind)}</span>
    </button>
  );
}

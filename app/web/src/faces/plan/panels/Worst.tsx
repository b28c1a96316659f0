/** What most needs a hand: what the gate would refuse first, then cells that carry far too much or too little. */
import type { JSX } from "preact";
import { api } from "../../../api/client";
import { t, word } from "../../../i18n";
import { ancestorAt } from "../../../state/codes";
import { number } from "../../../ui/format";
import { Empty, Failed, Skeleton } from "../../../ui/states";
import { openBench, planMap } from "../state";
import { deviationText } from "./figures";
import { problems } from "./measures";
import { cellsLabel } from "./names";
import type { PlanFault, PlanProblem } from "./shapes";

const SHOWN = 12;
const NEAR_ZOOM = 16;

/** Open the community of a problem, and its place on the map. */
function goTo({ cells: [cell], lon, lat }: PlanProblem): void {
  if (cell !== undefined) openBench(ancestorAt(cell, "community"));
  planMap.value?.show(lon, lat, NEAR_ZOOM);
}

/** The same for a fault as the gate tells it: its place is that of the problem of the same kind and cell. */
export function goToFault({ rule, cells: [cell] }: PlanFault): void {
  const known = problems.value
    .peek()
    .data?.problems.find((problem) => problem.rule === rule && problem.cells[0] === cell);
  if (known) goTo(known);
  else if (cell !== undefined) void goToCommunity(ancestorAt(cell, "community"));
}

export async function goToCommunity(community: number): Promise<void> {
  openBench(community);
  const area = await api.area(community).catch(() => null);
  if (area) planMap.value?.fly(area.bbox);
}

export function Worst(): JSX.Element | null {
  const { data, error } = problems.value.value;
  return (
    <section class="plan-section" aria-label={t("planWorst")}>
      <div class="plan-section-head">
        <h2>{t("planWorst")}</h2>
        <span class="soft tabular">{data ? number(data.total) : ""}</span>
      </div>
      {error ? <Failed what="what_problems" problem={error} retry={problems.retry} /> : null}
      {!data && !error ? <Skeleton rows={5} /> : null}
      {data?.total === 0 ? <Empty title={t("planWorstNone")} hint={t("planWorstNoneHint")} /> : null}
      <ol class="plan-problems">
        {data?.problems.slice(0, SHOWN).map((problem, i) => (
          <li key={i}>
            <Problem problem={problem} />
          </li>
        ))}
      </ol>
      {data && data.total > SHOWN ? (
        <p class="soft plan-more">{t("planWorstMore", { n: number(data.total - SHOWN) })}</p>
      ) : null}
    </section>
  );
}

function Problem({ problem }: { problem: PlanProblem }): JSX.Element {
  const { deviation } = problem;
  const uneven = deviation !== null;
  return (
    <button type="button" class="plan-problem" onClick={() => goTo(problem)}>
      <span class={uneven ? (deviation > 0 ? "plan-heavy" : "plan-light") : "plan-fault"} aria-hidden="true">
        {uneven ? (deviation > 0 ? "▲" : "▼") : "✕"}
      </span>
      <span class="grow">{cellsLabel(problem.cells, 3)}</span>
      <span class="tabular">{uneven ? deviationText(deviation) : word("planRule", problem.rule ?? problem.kind)}</span>
    </button>
  );
}

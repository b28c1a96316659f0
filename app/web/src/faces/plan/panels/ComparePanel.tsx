/** Two plans side by side: each measure, households that lie in other cells, and the cells that differ. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../../i18n";
import { ancestorAt, cellNumber } from "../../../state/codes";
import { number } from "../../../ui/format";
import { Labelled } from "../../../ui/Labelled";
import { Empty, Failed, Skeleton } from "../../../ui/states";
import { openedPlan } from "../state";
import { comparison, holdBeside, otherId } from "./compare";
import { MeasureTable } from "./MeasuresPanel";
import { areaLabel } from "./names";
import { plans } from "./plans";
import type { Comparison } from "./shapes";
import { goToCommunity } from "./Worst";

export function ComparePanel(): JSX.Element | null {
  const opened = openedPlan.value;
  if (!opened) return null;
  const others = (plans.value.value.data?.items ?? []).filter(({ id }) => id !== opened.id);
  const other = others.find(({ id }) => id === otherId.value);
  const { data, error } = comparison.value.value;
  return (
    <div class="plan-panel">
      <Labelled id="p-with" label={t("planCompareWith")}>
        <select
          id="p-with"
          value={String(otherId.value)}
          onChange={(event) => holdBeside(Number(event.currentTarget.value))}
        >
          <option value="0">{t("planCompareChoose")}</option>
          {others.map((row) => (
            <option key={row.id} value={String(row.id)}>
              {row.title} · {areaLabel(row.area_code)}
            </option>
          ))}
        </select>
      </Labelled>
      {otherId.value === 0 ? <Empty title={t("planCompareNone")} hint={t("planCompareHint")} /> : null}
      {error ? <Failed what="what_compare" problem={error} retry={comparison.retry} /> : null}
      {otherId.value !== 0 && !data && !error ? <Skeleton rows={8} /> : null}
      {data ? (
        <>
          <MeasureTable before={data.other} after={data.mine} heads={[other?.title ?? t("planOther"), t("planThis")]} />
          <Differing found={data} />
        </>
      ) : null}
    </div>
  );
}

const SHOWN = 40;

/** Cells that differ, community by community: a click goes to the place. */
function Differing({ found }: { found: Comparison }): JSX.Element {
  const [all, setAll] = useState(false);
  const households = found.households.reduce((sum, count) => sum + count, 0);
  const groups = new Map<number, number[]>();
  for (const cell of found.cells) {
    const community = ancestorAt(cell, "community");
    groups.set(community, [...(groups.get(community) ?? []), cell]);
  }
  const rows = [...groups];
  return (
    <section>
      <h3>{t("planCompareCells", { n: number(found.cells.length) })}</h3>
      <p class="soft">
        {t("planCompareMoved", { units: number(found.unit_id.length), households: number(households) })}
      </p>
      <ul class="plan-list">
        {(all ? rows : rows.slice(0, SHOWN)).map(([community, cells]) => (
          <li key={community}>
            <button type="button" class="link" onClick={() => void goToCommunity(community)}>
              {areaLabel(community)}
            </button>
            <span class="soft tabular"> {cells.map(cellNumber).join(" ")}</span>
          </li>
        ))}
      </ul>
      {!all && rows.length > SHOWN ? (
        <button type="button" class="link" onClick={() => setAll(true)}>
          {t("showMore")}
        </button>
      ) : null}
    </section>
  );
}

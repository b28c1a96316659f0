/** The seam radar: where cases are sent back and forth, worst first; the map shows the borders. */
import type { JSX } from "preact";
import { t } from "../../../i18n";
import { ancestorAt, levelOf } from "../../../state/codes";
import { may } from "../../../state/session";
import { number } from "../../../ui/format";
import { Refused } from "../../../ui/Refused";
import { Empty, Failed, Skeleton } from "../../../ui/states";
import { openBench, openedPlan, planMap } from "../state";
import { figuresArea } from "./measures";
import { areaLabel, cellsLabel } from "./names";
import { boxOf, ringsOf } from "./rings";
import { deeds, seams, takeMove } from "./seams";
import type { Seam } from "./shapes";

const SHOWN = 20;
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

export function Seams(): JSX.Element {
  const { data, error } = seams.value.value;
  const tooLarge = figuresArea.value !== 0 && levelOf(figuresArea.value) === "city";
  return (
    <section>
      <h3>{t("planSeams")}</h3>
      <p class="soft">{t("planSeamsWhat")}</p>
      {tooLarge ? <p class="soft">{t("planSeamsTooLarge")}</p> : null}
      <Refused problem={deeds.problem.value} />
      {error ? <Failed what="what_seams" problem={error} retry={seams.retry} /> : null}
      {!data && !error && !tooLarge ? <Skeleton rows={3} /> : null}
      {data?.total === 0 ? (
        <Empty title={t("planSeamsNone")} hint={t("planSeamsNoneHint", { n: data.least_cases })} />
      ) : null}
      {data && data.total > 0 ? (
        <p class="soft">{t("planSeamsUsual", { area: areaLabel(data.area_code), share: percent(data.usual) })}</p>
      ) : null}
      <ol class="plan-seams">
        {data?.seams.slice(0, SHOWN).map((seam) => (
          <Line key={`${seam.one}.${seam.other}`} seam={seam} />
        ))}
      </ol>
      {data && data.total > SHOWN ? <p class="soft">{t("planMoreOf", { n: number(data.total - SHOWN) })}</p> : null}
    </section>
  );
}

function show(seam: Seam): void {
  openBench(ancestorAt(seam.one, "community"));
  const box = boxOf(ringsOf(seam.geometry));
  if (box) planMap.value?.fly(box);
}

function Line({ seam }: { seam: Seam }): JSX.Element {
  const { move } = seam;
  const cells = cellsLabel([seam.one, seam.other]);
  const editable = openedPlan.value?.editable === true && may("edit_plan");
  return (
    <li>
      <button type="button" class="link" onClick={() => show(seam)}>
        {cells}
      </button>
      <p class="soft tabular">
        {t("planSeamsRate", {
          returned: number(seam.returned),
          cases: number(seam.cases),
          share: percent(seam.rate),
          times: seam.times.toFixed(1),
        })}
      </p>
      {seam.avoided ? (
        <p>
          <span class="plan-better">✓</span> {t("planSeamsAvoided")}
        </p>
      ) : seam.redrawn ? (
        <p class="soft">{t("planSeamsRedrawn")}</p>
      ) : null}
      {move ? (
        <div class="line">
          <span class="soft">
            {t("planSeamsMove", {
              units: number(move.unit_ids.length),
              households: number(move.households),
              cell: cellsLabel([move.taker]),
            })}
          </span>
          {editable ? (
            <button
              type="button"
              class="button small"
              disabled={deeds.busy.value !== ""}
              onClick={() => void takeMove(move, t("planSeamsNote", { cells }))}
            >
              {t("planSeamsTake")}
            </button>
          ) : null}
        </div>
      ) : null}
    </li>
  );
}

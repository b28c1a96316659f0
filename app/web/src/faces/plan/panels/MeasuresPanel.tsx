/** What the plan does to the figures: today, draft, change; and how the cells' deviations lie. */
import type { JSX } from "preact";
import { t, word } from "../../../i18n";
import { levelOf, within } from "../../../state/codes";
import { AreaChooser } from "../../../ui/AreaChooser";
import { Segments } from "../../../ui/Segments";
import { Failed, Skeleton } from "../../../ui/states";
import { openedPlan } from "../state";
import type { Measures } from "../types";
import { changeText, MEASURE_LINES, measureText, verdict, type MeasureLine } from "./figures";
import { Histogram } from "./Histogram";
import { figureAreas, figuresArea, measures, showFiguresOf } from "./measures";
import { areaLabel } from "./names";

export function MeasuresPanel(): JSX.Element | null {
  const opened = openedPlan.value;
  if (!opened) return null;
  const { data, error } = measures.value.value;
  return (
    <section class="plan-section plan-measures" aria-label={t("planMeasures")}>
      <div class="plan-section-head">
        <h2>{t("planMeasures")}</h2>
        <span class="soft">{areaLabel(figuresArea.value)}</span>
      </div>
      <Areas />
      {error ? <Failed what="what_measures" problem={error} retry={measures.retry} /> : null}
      {!data && !error ? <Skeleton rows={6} /> : null}
      {data ? (
        <>
          <div class="plan-histograms">
            {(
              [
                ["planToday", data.today_counts],
                ["planDraft", data.draft_counts],
              ] as const
            ).map(([key, counts]) => (
              <figure key={key}>
                <figcaption>{t(key)}</figcaption>
                <Histogram
                  label={t(key)}
                  edges={data.bins}
                  counts={counts}
                  most={Math.max(...data.today_counts, ...data.draft_counts)}
                />
              </figure>
            ))}
            <p class="soft plan-histogram-key">
              <span class="light" />
              {t("planTooLight")}
              <span class="even" />
              {t("planEven")}
              <span class="heavy" />
              {t("planTooHeavy")}
            </p>
          </div>
          <MeasureTable before={data.today} after={data.draft} heads={[t("planToday"), t("planDraft")]} />
        </>
      ) : null}
    </section>
  );
}

function Areas(): JSX.Element {
  const areas = figureAreas.value;
  const plan = openedPlan.value?.area_code ?? 0;
  return (
    <div class="plan-areas">
      {areas.length < 2 ? null : (
        <Segments
          label={t("planFiguresOf")}
          options={areas.map((code) => ({
            value: code,
            text: code === plan ? t("planWhole") : word("level", levelOf(code)),
          }))}
          value={figuresArea.value}
          onChange={showFiguresOf}
        />
      )}
      {levelOf(plan) === "community" ? null : (
        <AreaChooser
          id="plan-figures"
          value={0}
          placeholder={t("planOtherArea")}
          onChoose={(area) => {
            if (area && within(area.code, plan)) showFiguresOf(area.code);
          }}
        />
      )}
    </div>
  );
}

/** Two sets of measures and what is between them; used for today and draft, and for two plans. */
export function MeasureTable({
  before,
  after,
  heads,
}: {
  before: Measures;
  after: Measures;
  heads: readonly [string, string];
}): JSX.Element {
  return (
    <table class="plan-figures">
      <thead>
        <tr>
          <th scope="col">{t("planMeasure")}</th>
          <th scope="col">{heads[0]}</th>
          <th scope="col">{heads[1]}</th>
          <th scope="col">{t("planChange")}</th>
        </tr>
      </thead>
      <tbody>
        {MEASURE_LINES.map((line) => (
          <tr key={line.key} data-measure={line.key}>
            <th scope="row" title={t(line.hintKey)}>
              {t(line.titleKey)}
            </th>
            <td>{measureText(line.form, before[line.key])}</td>
            <td>{measureText(line.form, after[line.key])}</td>
            <td>
              <Change line={line} before={before[line.key]} after={after[line.key]} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const VERDICTS = { 1: { sign: "▲", key: "planBetter" }, [-1]: { sign: "▼", key: "planWorse" } } as const;

function Change({ line, before, after }: { line: MeasureLine; before: number; after: number }): JSX.Element | null {
  const text = changeText(line.form, before, after);
  if (text === "") return <span class="soft">–</span>;
  const found = verdict(line, before, after);
  if (found === 0) return <span>{text}</span>;
  const { sign, key } = VERDICTS[found];
  return (
    <span class={found === 1 ? "plan-better" : "plan-worse"} title={t(key)}>
      {text}{" "}
      <span role="img" aria-label={t(key)}>
        {sign}
      </span>
    </span>
  );
}

/** Next year's cases: what is expected, and how far off such a forecast would have been. */
import type { JSX } from "preact";
import { t } from "../../../i18n";
import { may } from "../../../state/session";
import { figure, number } from "../../../ui/format";
import { openedPlan } from "../state";
import { deeds, lastOf, running, start } from "./jobs";
import type { ForecastErrors, ForecastResult } from "./results";
import type { Job } from "./shapes";

export function ForecastFound(): JSX.Element {
  const last = lastOf("forecast");
  const busy = running.value.some(({ kind }) => kind === "forecast") || deeds.busy.value !== "";
  return (
    <section>
      <h3>{t("planForecast")}</h3>
      <p class="soft">{t("planForecastWhat")}</p>
      {may("start_plan_job") && openedPlan.value?.editable ? (
        <div class="line">
          <button type="button" class="button small" disabled={busy} onClick={() => void start({ kind: "forecast" })}>
            {t(busy ? "planJobRunning" : last ? "planAgain" : "planForecastStart")}
          </button>
        </div>
      ) : null}
      {last ? <Found job={last} /> : null}
    </section>
  );
}

function Found({ job }: { job: Job }): JSX.Element | null {
  const result = job.result as ForecastResult | null;
  if (!result) return null;
  return (
    <>
      <p class="tabular">
        {t("planForecastHeld", {
          held: result.held_weeks,
          fitted: result.fitted_weeks,
          expected: number(result.expected),
          came: number(result.came),
        })}
      </p>
      <table class="plan-figures">
        <thead>
          <tr>
            <th scope="col">{t("planForecastError")}</th>
            <th scope="col">{t("planForecastOurs")}</th>
            <th scope="col">{t("planForecastNaive")}</th>
          </tr>
        </thead>
        <tbody>
          <Errors label={t("planForecastUnit")} errors={result.unit} />
          <Errors label={t("level_cell")} errors={result.cell} />
        </tbody>
      </table>
      <p class="soft">
        {t("planForecastCovered", { covered: percent(result.cell.covered), promised: percent(result.cell.promised) })}
      </p>
    </>
  );
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

function Errors({ label, errors }: { label: string; errors: ForecastErrors }): JSX.Element {
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>± {figure(errors.mean_abs)}</td>
      <td>± {figure(errors.naive_mean_abs)}</td>
    </tr>
  );
}

/** Proof before signing: last year on both boundaries, seams across which cases go back and forth, staffing. */
import type { JSX } from "preact";
import { t, word } from "../../../i18n";
import { may } from "../../../state/session";
import { nowTick } from "../../../state/store";
import { moment, number } from "../../../ui/format";
import { openedPlan, revision } from "../state";
import { deeds, lastOf, running, start } from "./jobs";
import type { Figure, ReplayFigures, ReplayResult } from "./results";
import { Seams } from "./Seams";
import { Staffing } from "./Staffing";
import type { Job } from "./shapes";
import { WeekLines } from "./WeekLines";

export function ProofPanel(): JSX.Element | null {
  const opened = openedPlan.value;
  if (!opened) return null;
  return (
    <div class="plan-panel">
      <Replay />
      <Seams />
      <Staffing />
    </div>
  );
}

function Replay(): JSX.Element {
  const last = lastOf("replay");
  const busy = running.value.some(({ kind }) => kind === "replay") || deeds.busy.value !== "";
  return (
    <section>
      <h3>{t("planReplay")}</h3>
      <p class="soft">{t("planReplayWhat")}</p>
      {may("start_plan_job") ? (
        <div class="line">
          <button type="button" class="button small" disabled={busy} onClick={() => void start({ kind: "replay" })}>
            {t(busy ? "planJobRunning" : last ? "planAgain" : "planReplayStart")}
          </button>
        </div>
      ) : null}
      {last ? <Found job={last} /> : null}
    </section>
  );
}

const LINES = [
  { key: "spread", form: (value: number) => value.toFixed(3) },
  { key: "far_off", form: percent },
  { key: "late", form: percent },
  { key: "wait_h", form: (value: number) => `${value.toFixed(1)} h` },
  { key: "way_m", form: (value: number) => `${number(value)} m` },
] as const satisfies readonly { key: keyof ReplayFigures; form: (value: number) => string }[];

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function Found({ job }: { job: Job }): JSX.Element | null {
  const result = job.result as ReplayResult | null;
  if (!result) return null;
  return (
    <>
      <p class="soft tabular">
        {t("planReplayOf", {
          weeks: result.weeks,
          cases: number(result.cases),
          at: moment(job.asked_at, nowTick.value),
        })}
      </p>
      {result.revision < revision.value ? (
        <p class="plan-stale" role="status">
          {t("planReplayStale")}
        </p>
      ) : null}
      <table class="plan-figures">
        <thead>
          <tr>
            <th scope="col">{t("planMeasure")}</th>
            <th scope="col">{t("planToday")}</th>
            <th scope="col">{t("planDraft")}</th>
            <th scope="col">{t("planChange")}</th>
          </tr>
        </thead>
        <tbody>
          {LINES.map(({ key, form }) => (
            <tr key={key} data-measure={key}>
              <th scope="row" title={word("planReplayWhat", key)}>
                {word("planReplay", key)}
              </th>
              <td>{form(result.today[key].value)}</td>
              <td>{form(result.draft[key].value)}</td>
              <td>
                <Change found={result.change[key]} form={form} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="soft">
        {t("planReplayLate", {
          today: number(result.late_today),
          draft: number(result.late_draft),
          of: number(result.with_deadline),
        })}
      </p>
      <WeekLines today={result.spread_by_week_today} draft={result.spread_by_week_draft} />
      <p class="soft">{t("planReplayInterval")}</p>
    </>
  );
}

/** Below 0 is better throughout; what the interval leaves open, or is 0 as shown, is no verdict. */
function Change({ found, form }: { found: Figure; form: (value: number) => string }): JSX.Element {
  const zero = form(0);
  const signed = (value: number): string => {
    const size = form(Math.abs(value));
    return `${size === zero ? "" : value > 0 ? "+" : "−"}${size}`;
  };
  const seen = form(Math.abs(found.value)) !== zero;
  const better = seen && found.high < 0;
  const worse = seen && found.low > 0;
  return (
    <span class={better ? "plan-better" : worse ? "plan-worse" : ""}>
      {signed(found.value)}{" "}
      {better || worse ? (
        <span role="img" aria-label={t(better ? "planBetter" : "planWorse")}>
          {better ? "▲" : "▼"}
        </span>
      ) : null}
      <small class="soft plan-interval">
        {signed(found.low)} … {signed(found.high)}
      </small>
    </span>
  );
}

/** Over the map's edge: what works on the plan, how far it is, the best so far, and how to end it. */
import type { JSX } from "preact";
import { t, word } from "../../../i18n";
import { serverNow } from "../../../state/livefeed";
import { nowTick } from "../../../state/store";
import { figure, number } from "../../../ui/format";
import { Icon } from "../../../ui/icons";
import { reason } from "../../../ui/states";
import { track } from "../../../state/resource";
import { showTab } from "../state";
import { cancel, deeds, fresh, isOver, newest, putAway, running } from "./jobs";
import { MODEL_TAB } from "./ModelPanel";
import { PROOF_TAB } from "./seams";
import type { Job } from "./shapes";
import { jobResultText, seconds } from "./jobtext";
import { refusalText } from "./refusals";

export function JobBar(): JSX.Element | null {
  const ended = newest.value.filter((job) => fresh.value.has(job.id) && isOver(job)).slice(0, 1);
  const problem = deeds.problem.value;
  if (running.value.length + ended.length === 0 && !problem) return null;
  return (
    <div class="plan-jobs" role="status">
      {problem ? (
        <p class="plan-job bad" role="alert">
          {reason(problem)}{" "}
          <button type="button" class="link" onClick={deeds.forget}>
            {t("planGotIt")}
          </button>
        </p>
      ) : null}
      {running.value.map((job) => (
        <Running key={job.id} job={job} />
      ))}
      {ended.map((job) => (
        <Ended key={job.id} job={job} />
      ))}
    </div>
  );
}

function Running({ job }: { job: Job }): JSX.Element {
  track(nowTick.value);
  const share = job.total > 0 ? job.done / job.total : null;
  const since = job.started_at ? (serverNow() - Date.parse(job.started_at)) / 1000 : 0;
  return (
    <div class="plan-job" data-job={job.kind}>
      <strong>{word("planJob", job.kind)}</strong>
      <progress max={1} {...(share === null ? {} : { value: share })} aria-label={word("planJob", job.kind)} />
      <span class="tabular">
        {job.state === "waiting"
          ? t("planJobWaiting")
          : job.total > 0
            ? t("planJobDone", { done: number(job.done), total: number(job.total) })
            : t("planJobRunning")}
      </span>
      {job.objective === null ? null : (
        <span class="tabular soft">{t("planJobBest", { n: figure(job.objective) })}</span>
      )}
      {job.started_at ? (
        <span class="tabular soft">
          {seconds(since)}
          {job.estimate_s >= 1 ? ` / ${t("planJobAbout", { time: seconds(job.estimate_s) })}` : ""}
        </span>
      ) : null}
      <span class="grow" />
      <button
        type="button"
        class="button small"
        disabled={deeds.busy.value !== "" || job.cancel_asked}
        onClick={() => void cancel(job)}
      >
        {t("cancel")}
      </button>
    </div>
  );
}

function Ended({ job }: { job: Job }): JSX.Element {
  const sign = job.state === "done" ? "✓" : job.state === "cancelled" ? "–" : "✕";
  return (
    <div class={`plan-job ${job.state === "failed" ? "bad" : ""}`} data-job={job.kind} data-state={job.state}>
      <strong>
        <span aria-hidden="true">{sign}</span> {word("planJob", job.kind)}
      </strong>
      <span>{word("planJobState", job.state)}</span>
      <span class="grow">
        {job.state !== "done" ? (
          refusalText(job.message)
        ) : job.kind !== "replay" && job.kind !== "forecast" ? (
          jobResultText(job)
        ) : (
          <button type="button" class="link" onClick={() => showTab(job.kind === "replay" ? PROOF_TAB : MODEL_TAB)}>
            {t("planJobSee")}
          </button>
        )}
      </span>
      <button type="button" class="button quiet only-icon" aria-label={t("close")} onClick={() => putAway(job)}>
        <Icon name="close" />
      </button>
    </div>
  );
}

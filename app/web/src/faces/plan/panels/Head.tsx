/** The line above the map: which plan is open, where it stands, and the one thing to do next. */
import type { JSX } from "preact";
import { t, word } from "../../../i18n";
import { session } from "../../../state/session";
import { Icon } from "../../../ui/icons";
import { Failed, Skeleton } from "../../../ui/states";
import { pendingMoves, waitingElsewhere } from "../bench/store";
import { openPlan, openedPlan, plan, planId, showTab } from "../state";
import type { Plan, PlanStepName } from "../types";
import { asking, deeds, nextStep, otherSteps, publishing, take } from "./lifecycle";
import { areaLabel } from "./names";
import { StateChip } from "./StateChip";
import { Stands } from "./Stands";

export function Head(): JSX.Element {
  const opened = openedPlan.value;
  const { error } = plan.value.value;
  if (planId.value === 0) {
    return (
      <div class="plan-headline">
        <h1>{t("face_plan")}</h1>
        <span class="soft">{t("planHeadHint")}</span>
      </div>
    );
  }
  if (error && !opened) return <Failed what="what_plan" problem={error} retry={plan.retry} />;
  if (!opened) return <Skeleton rows={1} />;
  return (
    <>
      <div class="plan-headline">
        <button
          type="button"
          class="button quiet only-icon"
          aria-label={t("planLeave")}
          title={t("planLeave")}
          onClick={() => openPlan(0)}
        >
          <Icon name="back" />
        </button>
        <h1 title={opened.note || undefined}>{opened.title}</h1>
        <StateChip state={opened.state} />
        {opened.state === "approved" && opened.publish_on ? (
          <strong class="plan-headline-day">{t("planPublishesOn", { on: opened.publish_on })}</strong>
        ) : null}
        <span class="soft plan-headline-more">
          {areaLabel(opened.area_code)} · {opened.author}
        </span>
        <span class="grow" />
        <Steps plan={opened} />
      </div>
      <Stands plan={opened} />
    </>
  );
}

/** Steps that ask for a day or a reason first. */
const ASKED: ReadonlySet<PlanStepName> = new Set(["publish", "send_back", "withdraw"]);

function start(step: PlanStepName): void {
  deeds.forget();
  if (ASKED.has(step)) asking.value = step;
  else void take(step);
}

function Steps({ plan: opened }: { plan: Plan }): JSX.Element {
  const busy = deeds.busy.value !== "" || publishing.value;
  const next = nextStep.value;
  const waits = next === "submit" && (pendingMoves.value.size > 0 || waitingElsewhere.value.length > 0);
  return (
    <div class="plan-steps">
      {otherSteps.value.map((step) => (
        <button key={step} type="button" class="button small" disabled={busy} onClick={() => start(step)}>
          {word("planStep", step)}
        </button>
      ))}
      {next ? (
        <button
          type="button"
          class="button primary"
          disabled={busy || waits}
          title={waits ? t("planSubmitWaits") : undefined}
          onClick={() => start(next)}
        >
          {next === "publish" && opened.publish_on ? t("planPublishOther") : word("planStep", next)}
          {ASKED.has(next) ? "…" : ""}
        </button>
      ) : null}
      {waits ? <p class="soft plan-why">{t("planSubmitWaits")}</p> : null}
      {next === null && opened.state === "in_review" && drewOn(opened) ? (
        <p class="soft plan-why">{t("planOwnApproval")}</p>
      ) : null}
      {next === null && opened.state === "draft" && opened.moved_units === 0 ? (
        <p class="soft plan-why">{t("planNothingYet")}</p>
      ) : null}
      {opened.state === "published" ? (
        <button type="button" class="button small" onClick={() => showTab("life")}>
          {t("planWhatFollows")}
        </button>
      ) : null}
    </div>
  );
}

function drewOn({ author, editors }: Plan): boolean {
  const user = session.value?.user ?? "";
  return author === user || editors.includes(user);
}

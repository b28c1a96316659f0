/** The course of a plan: where it stands, what publishing means for the field, everything that was done with it. */
import type { JSX } from "preact";
import { t, word } from "../../../i18n";
import { goArea } from "../../../state/navigate";
import { nowTick } from "../../../state/store";
import { moment, number } from "../../../ui/format";
import { Failed, Skeleton } from "../../../ui/states";
import { openedPlan } from "../state";
import { PLAN_STATES, type Effects, type Plan, type PlanState } from "../types";
import { log } from "./lifecycle";
import { areaLabel, cellsLabel } from "./names";
import { refusalText } from "./refusals";
import type { LogEdit, LogStep } from "./shapes";
import { StateMark } from "./StateChip";

const COURSE = PLAN_STATES.filter((state) => state !== "withdrawn");

export function LifePanel(): JSX.Element | null {
  const opened = openedPlan.value;
  if (!opened) return null;
  return (
    <div class="plan-panel">
      <Course state={opened.state} />
      {opened.state === "approved" && opened.publish_on ? (
        <p>{t("planPublishesOn", { on: opened.publish_on })}</p>
      ) : null}
      {opened.note ? <p class="plan-note">{opened.note}</p> : null}
      <dl class="plan-facts">
        <dt>{t("planArea")}</dt>
        <dd>{areaLabel(opened.area_code)}</dd>
        <dt>{t("planAuthor")}</dt>
        <dd>{opened.author}</dd>
        {opened.editors.length > 0 ? (
          <>
            <dt>{t("planEditors")}</dt>
            <dd>{opened.editors.join(t("comma"))}</dd>
          </>
        ) : null}
        <dt>{t("planBaseAt")}</dt>
        <dd class="tabular">{moment(opened.base_at, nowTick.value)}</dd>
        <dt>{t("planMovedUnits")}</dt>
        <dd class="tabular">{number(opened.moved_units)}</dd>
      </dl>
      {opened.effects ? <After plan={opened} effects={opened.effects} /> : null}
      <Log />
    </div>
  );
}

function Course({ state }: { state: PlanState }): JSX.Element {
  if (state === "withdrawn")
    return (
      <p class="plan-course">
        <span class="now">
          <StateMark state={state} />
          {word("planState", state)}
        </span>
      </p>
    );
  const at = COURSE.indexOf(state);
  return (
    <ol class="plan-course" aria-label={t("planCourse")}>
      {COURSE.map((step, i) => (
        <li key={step} class={i === at ? "now" : i < at ? "past" : ""} aria-current={i === at ? "step" : undefined}>
          <StateMark state={step} />
          {word("planState", step)}
        </li>
      ))}
    </ol>
  );
}

function After({ plan, effects }: { plan: Plan; effects: Effects }): JSX.Element {
  const lines: [string, string][] = [
    [t("planAfterChanged"), number(effects.changed_cells.length)],
    [t("planAfterNew"), number(effects.new_cells.length)],
    [t("planAfterDissolved"), number(effects.dissolved_cells.length)],
    [t("planAfterCases"), number(effects.open_cases)],
  ];
  return (
    <section class="plan-after">
      <h3>{t("planWhatFollows")}</h3>
      <dl class="plan-facts">
        {lines.map(([label, value]) => (
          <>
            <dt>{label}</dt>
            <dd class="tabular">{value}</dd>
          </>
        ))}
      </dl>
      <p>
        {effects.needs_worker.length === 0 ? (
          t("planNeedsNobody")
        ) : (
          <>
            <strong>{t("planNeedsWorker")}</strong>{" "}
            {effects.needs_worker.map((cell) => cellsLabel([cell])).join(t("comma"))}
          </>
        )}
      </p>
      {effects.freed_units.length > 0 ? (
        <p>
          <strong>{t("planFreed")}</strong> <span class="tabular">{effects.freed_units.join(t("comma"))}</span>
        </p>
      ) : null}
      <button type="button" class="button" onClick={() => void goArea(plan.area_code, { fly: true })}>
        {t("planOnMap")}
      </button>
    </section>
  );
}

type Entry = {
  readonly at: string;
  readonly key: string;
  readonly step: LogStep | null;
  readonly edit: LogEdit | null;
};

function Log(): JSX.Element {
  const { data, error } = log.value.value;
  const entries: Entry[] = data
    ? [
        ...data.steps.map((step) => ({ at: step.at, key: `s${step.no}`, step, edit: null })),
        ...data.edits.map((edit) => ({ at: edit.at, key: `e${edit.no}`, step: null, edit })),
      ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
    : [];
  return (
    <section>
      <h3>{t("planLog")}</h3>
      {error ? <Failed what="what_planLog" problem={error} retry={log.retry} /> : null}
      {!data && !error ? <Skeleton rows={4} /> : null}
      <ol class="timeline">
        {entries.map(({ at, key, step, edit }) => (
          <li key={key}>
            <time class="tabular soft">{moment(at, nowTick.value)}</time>
            <div>{step ? <Step step={step} /> : edit ? <Edit edit={edit} /> : null}</div>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** A day for which a publication was set stands before its reason; what the clock could not do tells its refusal. */
const SET_FOR = /^(\d{4}-\d{2}-\d{2}) ?/;

function Step({ step }: { step: LogStep }): JSX.Element {
  const on = step.step === "publish" && step.state === "approved" ? SET_FOR.exec(step.reason)?.[1] : undefined;
  const why = on === undefined ? step.reason : step.reason.replace(SET_FOR, "");
  return (
    <>
      <strong>{on === undefined ? word("planStep", step.step) : t("planPublishesOn", { on })}</strong>{" "}
      <span class="soft">{step.account || t("planByClock")}</span>
      {why ? <p class="soft">{step.step === "not_published" ? refusalText(why) : why}</p> : null}
    </>
  );
}

function Edit({ edit }: { edit: LogEdit }): JSX.Element {
  return (
    <span class={edit.undone ? "plan-undone" : ""}>
      {word("planEdit", edit.kind)} <span class="tabular">{t("planUnits", { n: number(edit.units) })}</span>{" "}
      <span class="soft">{edit.account}</span>
      {edit.undone ? <span class="soft"> · {t("planUndone")}</span> : null}
      {edit.note ? <p class="soft">{edit.note}</p> : null}
    </span>
  );
}

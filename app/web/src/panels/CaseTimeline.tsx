/** What was done to a case: when, what, by which post, why. The newest first. */
import type { JSX } from "preact";
import type { CaseStep } from "../api/cases";
import { t, word } from "../i18n";
import { moment } from "../ui/format";

export function CaseTimeline({ steps, now }: { steps: readonly CaseStep[]; now: number }): JSX.Element {
  return (
    <ol class="timeline">
      {[...steps].reverse().map((step) => (
        <li key={step.ordinal}>
          <time class="tabular soft" dateTime={step.at}>
            {moment(step.at, now)}
          </time>
          <div>
            <p class="timeline-what">
              <strong>{word("step", step.step)}</strong>
              {step.outcome ? <span class="chip plain">{word("outcome", step.outcome)}</span> : null}
              <span class="soft">{byWhom(step)}</span>
            </p>
            {step.unit ? <p>{t("timelineTo", { unit: step.unit })}</p> : null}
            {step.until ? <p>{t("timelineUntil", { at: moment(step.until, now) })}</p> : null}
            {step.from_cell ? <p>{t("timelineFromCell", { code: step.from_cell })}</p> : null}
            {step.other_no ? <p>{t("timelineOther", { no: step.other_no })}</p> : null}
            {step.reason ? <p class="soft reason">{step.reason}</p> : null}
          </div>
        </li>
      ))}
    </ol>
  );
}

/** The program or post that did it where the log knows one, else the tier that carries the case since. */
export function byWhom(step: CaseStep): string {
  if (step.program) return t("byProgram", { name: step.program });
  const role = step.role ? word("acts", step.role) : "";
  return [step.post ?? word("tier", step.tier), role].filter(Boolean).join(" · ");
}

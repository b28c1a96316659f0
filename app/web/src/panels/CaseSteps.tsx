/** What may be done now: the ordinary next step as the one filled button, the others beside it, a form where one needs it. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { CaseDetail, NextStep, StepValues } from "../api/cases";
import type { Problem } from "../api/problem";
import { t, word } from "../i18n";
import { isOvertaken, takeStep } from "../state/cases";
import { ancestorAt, within } from "../state/codes";
import { incidentDetail } from "../state/data";
import { activeGrant } from "../state/session";
import { isOneClick } from "../state/stepvalues";
import { phone } from "../state/store";
import { Icon } from "../ui/icons";
import { reason } from "../ui/states";
import { StepForm } from "../ui/StepForm";

const BESIDE = 2;
const BESIDE_ON_PHONE = 1;

interface Open {
  readonly step: NextStep;
  /** of the case when the form was opened: what somebody does meanwhile is noticed */
  readonly version: number | undefined;
}

export function CaseSteps({ incident }: { incident: CaseDetail }): JSX.Element | null {
  const [open, setOpen] = useState<Open | null>(null);
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    setOpen(null);
    setProblem(null);
  }, [incident.no]);
  const steps = incident.next_steps;
  if (steps.length === 0 && !problem) return null;

  const take = async (step: NextStep, values: StepValues, version: number | undefined): Promise<void> => {
    if (busy !== "") return;
    setBusy(step.step);
    setProblem(null);
    const result = await takeStep(incident, step.step, values, version);
    setBusy("");
    if ("detail" in result) setOpen(null);
    else setProblem(result.problem);
  };
  const press = (step: NextStep): void => {
    setProblem(null);
    if (isOneClick(step)) void take(step, {}, incident.version);
    else setOpen({ step, version: incident.version });
  };
  const late = problem !== null && isOvertaken(problem);
  return (
    <footer class="card-foot">
      {late ? (
        <Overtaken
          incident={incident}
          onReload={() => {
            setProblem(null);
            setOpen(null);
            incidentDetail.retry();
          }}
        />
      ) : null}
      {problem && !late && !open ? (
        <p class="field-error" role="alert">
          {problem.kind === "step-not-yours" ? t("stepNotYours") : reason(problem)}
        </p>
      ) : null}
      {open && !late ? (
        <StepForm
          key={open.step.step}
          step={open.step}
          label={word("step", open.step.step)}
          area={unitArea(incident.cell_code)}
          busy={busy !== ""}
          problem={problem}
          onSend={(values) => void take(open.step, values, open.version)}
          onCancel={() => {
            setOpen(null);
            setProblem(null);
          }}
        />
      ) : null}
      {open || late ? null : <StepButtons steps={steps} busy={busy} onPress={press} />}
    </footer>
  );
}

/** Units are looked for in the street of the case, or in the grant's area where that is smaller. */
function unitArea(cell: number): number {
  const street = ancestorAt(cell, "subdistrict");
  const own = activeGrant()?.area.code ?? 0;
  return own !== 0 && within(own, street) ? own : street;
}

function Overtaken({ incident, onReload }: { incident: CaseDetail; onReload: () => void }): JSX.Element {
  const last = incident.timeline[incident.timeline.length - 1];
  return (
    <div class="overtaken" role="alert">
      <p>
        <strong>{t("overtaken")}</strong>
      </p>
      {last ? (
        <p class="soft">
          {t("overtakenNow", { step: word("step", last.step), status: word("status", incident.status) })}
        </p>
      ) : null}
      <button type="button" class="button" onClick={onReload}>
        {t("overtakenReload")}
      </button>
    </div>
  );
}

function StepButtons({
  steps,
  busy,
  onPress,
}: {
  steps: readonly NextStep[];
  busy: string;
  onPress: (step: NextStep) => void;
}): JSX.Element {
  const first = steps.find(({ ordinary }) => ordinary);
  const others = steps.filter((step) => step !== first);
  // One button more is no longer than the menu that would hold it.
  const room = phone.value ? BESIDE_ON_PHONE : BESIDE;
  const beside = others.slice(0, others.length > room + 1 ? room : room + 1);
  const rest = others.slice(beside.length);
  return (
    <div class="step-buttons">
      {first ? (
        <button
          type="button"
          class="button primary"
          data-step={first.step}
          disabled={busy !== ""}
          onClick={() => onPress(first)}
        >
          {word("step", first.step)}
        </button>
      ) : null}
      {first && isOneClick(first) && first.fields.length > 0 ? (
        <button
          type="button"
          class="button"
          data-step={`${first.step}-note`}
          disabled={busy !== ""}
          onClick={() => onPress({ ...first, ordinary: false })}
        >
          {t("stepNote")}
        </button>
      ) : null}
      {beside.map((step) => (
        <button
          key={step.step}
          type="button"
          class="button"
          data-step={step.step}
          disabled={busy !== ""}
          onClick={() => onPress(step)}
        >
          {word("step", step.step)}
        </button>
      ))}
      {rest.length > 0 ? <MoreSteps steps={rest} onPress={onPress} /> : null}
    </div>
  );
}

function MoreSteps({ steps, onPress }: { steps: readonly NextStep[]; onPress: (step: NextStep) => void }): JSX.Element {
  return (
    <details
      class="more-steps"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !event.currentTarget.open) return;
        event.stopPropagation();
        event.currentTarget.open = false;
      }}
      onFocusOut={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) event.currentTarget.open = false;
      }}
    >
      <summary class="button">
        {t("moreSteps")}
        <Icon name="down" />
      </summary>
      <div class="menu">
        {steps.map((step) => (
          <button
            key={step.step}
            type="button"
            data-step={step.step}
            onClick={(event) => {
              event.currentTarget.closest("details")?.removeAttribute("open");
              onPress(step);
            }}
          >
            {word("step", step.step)}
          </button>
        ))}
      </div>
    </details>
  );
}

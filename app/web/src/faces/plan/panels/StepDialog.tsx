/** What a step asks before it is taken: a day for publishing, a reason for sending back and withdrawing. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t, word } from "../../../i18n";
import { fieldError } from "../../../state/deed";
import { serverNow } from "../../../state/livefeed";
import { Dialog } from "../../../ui/Dialog";
import { day, number } from "../../../ui/format";
import { Labelled } from "../../../ui/Labelled";
import { Refused } from "../../../ui/Refused";
import { openedPlan } from "../state";
import type { PlanStepName } from "../types";
import { asking, deeds, differenceOf, faultsOf, publishNow, take } from "./lifecycle";
import { areaLabel } from "./names";

const LONGEST_REASON = 1000;

export function StepDialog(): JSX.Element | null {
  const step = asking.value;
  if (step === null || openedPlan.value === null) return null;
  return (
    <Dialog title={word("planStep", step)} onClose={() => (asking.value = null)}>
      {step === "publish" ? <Publish /> : <WithReason step={step} />}
    </Dialog>
  );
}

/** What the line under the headline shows in full: there the map is free to fly to it. */
async function go(taken: Promise<boolean>): Promise<void> {
  await taken;
  const problem = deeds.problem.peek();
  if (differenceOf(problem).length > 0 || faultsOf(problem).length > 0) asking.value = null;
}

function Publish(): JSX.Element {
  const today = day(serverNow());
  const [on, setOn] = useState(today);
  const problem = deeds.problem.value;
  const plan = openedPlan.value;
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void go(on === today ? publishNow() : take("publish", { publish_on: on }));
      }}
    >
      <p>{t("planPublishWhat", { n: number(plan?.moved_units ?? 0), area: areaLabel(plan?.area_code ?? 0) })}</p>
      <Labelled
        id="p-on"
        label={t("planPublishOn")}
        hint={t(on === today ? "planPublishNow" : "planPublishLater")}
        error={fieldError(problem, "publish_on")}
      >
        <input
          id="p-on"
          type="date"
          required
          min={today}
          value={on}
          onInput={(event) => setOn(event.currentTarget.value)}
        />
      </Labelled>
      <Refused problem={problem} but={["publish_on"]} />
      <div class="form-actions">
        <button type="submit" class="button primary" disabled={deeds.busy.value !== "" || on === ""}>
          {t(on === today ? "planPublishSure" : "planPublishPlan")}
        </button>
        <button type="button" class="button" onClick={() => (asking.value = null)}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}

function WithReason({ step }: { step: PlanStepName }): JSX.Element {
  const [why, setWhy] = useState("");
  const problem = deeds.problem.value;
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void go(take(step, { reason: why.trim() }));
      }}
    >
      <p>{word("planStepWhat", step)}</p>
      <Labelled id="p-why" label={t("field_reason")} error={fieldError(problem, "reason")}>
        <textarea
          id="p-why"
          rows={3}
          required
          maxLength={LONGEST_REASON}
          value={why}
          onInput={(event) => setWhy(event.currentTarget.value)}
        />
      </Labelled>
      <Refused problem={problem} but={["reason"]} />
      <div class="form-actions">
        <button type="submit" class="button danger" disabled={deeds.busy.value !== "" || why.trim() === ""}>
          {word("planStep", step)}
        </button>
        <button type="button" class="button" onClick={() => (asking.value = null)}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}

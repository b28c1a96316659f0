/** The steps of a warning: one press each; the end of it with what came of the visit. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t, word } from "../../i18n";
import { Refused } from "../../ui/Refused";
import { about, deeds, take } from "./state";
import { OUTCOMES, type Warning } from "./types";

export function Steps({ warning }: { warning: Warning }): JSX.Element | null {
  const [ending, setEnding] = useState(false);
  const busy = deeds.busy.value !== "";
  const problem = about.value === warning.id ? deeds.problem.value : null;
  if (warning.next_steps.length === 0 && !problem) return null;
  const conclude = warning.next_steps.find(({ step }) => step === "conclude");
  return (
    <div class="warning-steps">
      {warning.next_steps
        .filter(({ step }) => step !== "conclude")
        .map(({ step, ordinary }) => (
          <button
            key={step}
            type="button"
            class={`button ${ordinary ? "primary" : ""}`}
            disabled={busy}
            onClick={() => void take(warning, step)}
          >
            {word("warnstep", step)}
          </button>
        ))}
      {conclude && !ending ? (
        <button
          type="button"
          class={`button ${conclude.ordinary ? "primary" : ""}`}
          aria-expanded="false"
          disabled={busy}
          onClick={() => setEnding(true)}
        >
          {word("warnstep", "conclude")}…
        </button>
      ) : null}
      {conclude && ending ? (
        <div class="warning-outcomes" role="group" aria-label={t("visitOutcome")}>
          {(conclude.fields.find(({ name }) => name === "outcome")?.choices ?? OUTCOMES).map((outcome) => (
            <button
              key={outcome}
              type="button"
              class="button"
              disabled={busy}
              onClick={() => {
                setEnding(false);
                void take(warning, "conclude", outcome);
              }}
            >
              {word("outcome", outcome)}
            </button>
          ))}
          <button type="button" class="button quiet" onClick={() => setEnding(false)}>
            {t("cancel")}
          </button>
        </div>
      ) : null}
      <Refused problem={problem} />
    </div>
  );
}

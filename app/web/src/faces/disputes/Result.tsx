/** What came of it: outcome and agreement, whether it was kept, and what the parties say afterwards. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t, word } from "../../i18n";
import { fieldError } from "../../state/deed";
import { nowTick } from "../../state/store";
import { moment, number } from "../../ui/format";
import { Labelled } from "../../ui/Labelled";
import { Told } from "../../ui/Told";
import { conclude, deeds, followUp, mayDo, perform, type Concluded } from "./state";
import { OUTCOMES, PERFORMANCES, SATISFACTIONS, type Agreement, type Mediation } from "./types";

export function Result({ mediation }: { mediation: Mediation }): JSX.Element | null {
  const { outcome, agreement, satisfaction } = mediation;
  const asks = mayDo(mediation, "outcome");
  if (!asks && outcome === null) return null;
  return (
    <section>
      <h3>{t("mediationResult")}</h3>
      {outcome === null ? null : (
        <p>
          <strong>{word("outcome", outcome)}</strong>
        </p>
      )}
      {asks ? <OutcomeForm mediation={mediation} /> : null}
      {agreement ? <AgreementText agreement={agreement} /> : null}
      {mayDo(mediation, "performance") ? (
        <Choice
          label={t("performance")}
          words={PERFORMANCES.filter((done) => done !== agreement?.performance)}
          prefix="performance"
          onChoose={(done) => void perform(mediation, done)}
        />
      ) : null}
      {satisfaction ? <p>{t("mediationSaid", { said: word("outcome", satisfaction) })}</p> : null}
      {mayDo(mediation, "follow_up") ? (
        <Choice
          label={t("mediationFollowUp")}
          words={SATISFACTIONS}
          prefix="outcome"
          onChoose={(said) => void followUp(mediation, said)}
        />
      ) : null}
    </section>
  );
}

function Choice({
  label,
  words,
  prefix,
  onChoose,
}: {
  label: string;
  words: readonly string[];
  prefix: string;
  onChoose: (word: string) => void;
}): JSX.Element {
  return (
    <div class="line" role="group" aria-label={label}>
      <span class="soft">{label}</span>
      {words.map((code) => (
        <button
          key={code}
          type="button"
          class="button small"
          disabled={deeds.busy.value !== ""}
          onClick={() => onChoose(code)}
        >
          {word(prefix, code)}
        </button>
      ))}
    </div>
  );
}

function AgreementText({ agreement }: { agreement: Agreement }): JSX.Element {
  return (
    <div class="agreement">
      <p class="description">{agreement.terms}</p>
      <p class="line">
        {agreement.amount_yuan === null ? null : (
          <span class="tabular">{t("agreementYuan", { n: number(agreement.amount_yuan) })}</span>
        )}
        {agreement.due_on ? <span class="soft tabular">{t("agreementDue", { on: agreement.due_on })}</span> : null}
        <span class="badge">
          {t("performance")} {word("performance", agreement.performance)}
        </span>
        {agreement.performed_at ? (
          <span class="soft tabular">{moment(agreement.performed_at, nowTick.value)}</span>
        ) : null}
      </p>
    </div>
  );
}

const AGREED = "mediated";

function OutcomeForm({ mediation }: { mediation: Mediation }): JSX.Element {
  const [outcome, setOutcome] = useState("");
  const [terms, setTerms] = useState("");
  const [amount, setAmount] = useState("");
  const [due, setDue] = useState("");
  const problem = deeds.problem.value;
  const wrongOutcome = fieldError(problem, "outcome");
  const send = (): void => {
    const agreement = {
      terms: terms.trim(),
      ...(amount === "" ? {} : { amount_yuan: Number(amount) }),
      ...(due === "" ? {} : { due_on: due }),
    };
    const result: Concluded = { outcome, ...(outcome === AGREED ? { agreement } : {}) };
    void conclude(mediation, result);
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div class="choice-buttons" role="radiogroup" aria-label={t("field_outcome")}>
        {OUTCOMES.map((code) => (
          <label key={code} class="choice-button">
            <input
              type="radio"
              name="m-outcome"
              required
              value={code}
              checked={outcome === code}
              onChange={() => setOutcome(code)}
            />
            <span>{word("outcome", code)}</span>
          </label>
        ))}
      </div>
      {wrongOutcome ? (
        <p class="field-error" role="alert">
          <Told said={wrongOutcome} />
        </p>
      ) : null}
      {outcome === AGREED ? (
        <>
          <Labelled
            id="m-terms"
            label={t("agreementTerms")}
            hint={t("agreementHint")}
            error={fieldError(problem, "terms")}
          >
            <textarea
              id="m-terms"
              rows={3}
              required
              maxLength={2000}
              value={terms}
              onInput={(event) => setTerms(event.currentTarget.value)}
            />
          </Labelled>
          <div class="form-row">
            <Labelled id="m-amount" label={t("agreementAmount")} error={fieldError(problem, "amount_yuan")}>
              <input
                id="m-amount"
                type="number"
                min="0"
                step="1"
                inputMode="numeric"
                value={amount}
                onInput={(event) => setAmount(event.currentTarget.value)}
              />
            </Labelled>
            <Labelled id="m-due" label={t("agreementDueOn")} error={fieldError(problem, "due_on")}>
              <input id="m-due" type="date" value={due} onInput={(event) => setDue(event.currentTarget.value)} />
            </Labelled>
          </div>
        </>
      ) : null}
      <div class="form-actions">
        <button type="submit" class="button primary" disabled={outcome === "" || deeds.busy.value !== ""}>
          {t("mediationConclude")}
        </button>
      </div>
    </form>
  );
}

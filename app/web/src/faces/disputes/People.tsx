/** Who was called to the table and what they answered; who else can be called, by role. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t, word } from "../../i18n";
import { Labelled } from "../../ui/Labelled";
import { UnitChooser } from "../../ui/StepForm";
import { answer, callIn, deeds, mayDo } from "./state";
import { ANSWERS, TABLE_ROLES, type Mediation, type Participant } from "./types";

export function People({ mediation }: { mediation: Mediation }): JSX.Element {
  const missing = TABLE_ROLES.filter(
    (role) => !mediation.participants.some((unit) => unit.role === role && unit.answer !== "declined"),
  );
  return (
    <section>
      <h3>{t("tablePeople")}</h3>
      {mediation.participants.length === 0 ? <p class="soft">{t("tableNobody")}</p> : null}
      <ul class="entries">
        {mediation.participants.map((unit) => (
          <Person key={unit.unit_id} mediation={mediation} unit={unit} />
        ))}
      </ul>
      {missing.length > 0 && mayDo(mediation, "call_in") ? (
        <p class="soft">{t("tableMissing", { roles: missing.map((role) => word("role", role)).join(t("comma")) })}</p>
      ) : null}
      {mayDo(mediation, "call_in") ? <Call mediation={mediation} first={missing[0] ?? "mediator"} /> : null}
    </section>
  );
}

const MARKS = { asked: "○", accepted: "✓", declined: "✕" } as const;

function Person({ mediation, unit }: { mediation: Mediation; unit: Participant }): JSX.Element {
  const busy = deeds.busy.value !== "";
  return (
    <li data-unit={unit.unit_id}>
      <span class="person-role">{word("role", unit.role)}</span>
      <span class="grow">
        <span class="tabular">{unit.call_sign}</span> <span class="soft">{unit.station?.name}</span>
      </span>
      <span class={`answer ${unit.answer}`}>
        <span aria-hidden="true">{MARKS[unit.answer]}</span> {word("answer", unit.answer)}
      </span>
      {mayDo(mediation, "answer")
        ? ANSWERS.filter((said) => said !== unit.answer).map((said) => (
            <button
              key={said}
              type="button"
              class="button small"
              disabled={busy}
              onClick={() => void answer(mediation, unit.unit_id, said)}
            >
              {word("answerdo", said)}
            </button>
          ))
        : null}
    </li>
  );
}

function Call({ mediation, first }: { mediation: Mediation; first: string }): JSX.Element {
  const [role, setRole] = useState(first);
  const [unit, setUnit] = useState("");
  const cell = mediation.incident.chain.at(-1)?.code;
  const send = async (): Promise<void> => {
    if (unit !== "" && (await callIn(mediation, Number(unit)))) setUnit("");
  };
  return (
    <form
      class="form-row"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Labelled id="m-role" label={t("tableRole")}>
        <select
          id="m-role"
          value={role}
          onChange={(event) => {
            setRole(event.currentTarget.value);
            setUnit("");
          }}
        >
          {TABLE_ROLES.map((known) => (
            <option key={known} value={known}>
              {word("role", known)}
            </option>
          ))}
        </select>
      </Labelled>
      <Labelled id="m-unit" label={t("field_unit_id")}>
        <UnitChooser id="m-unit" area={cell} role={role} value={unit} onChange={setUnit} />
      </Labelled>
      <button type="submit" class="button" disabled={unit === "" || deeds.busy.value !== ""}>
        {t("tableCall")}
      </button>
    </form>
  );
}

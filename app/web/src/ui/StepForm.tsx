/**
 * The form of a step, made from the fields that the server names for it. It knows nothing of cases: give it the step, the
 * word for it, and what to do with the values (`stepValues` of state/stepvalues.ts makes them).
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { caseApi, type DutyUnit, type NextStep, type StepField, type StepValues } from "../api/cases";
import { api } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import { t, word } from "../i18n";
import { checkStep, stepValues, type Typed } from "../state/stepvalues";
import { toLocalInput } from "./format";
import { Labelled } from "./Labelled";
import { fault, type Said } from "./refusal";
import { reason as whyNot } from "./states";
import { Told } from "./Told";

const DAY_MS = 86_400_000;

export function StepForm({
  step,
  label,
  area,
  busy,
  problem,
  onSend,
  onCancel,
}: {
  step: NextStep;
  /** the word on the button */
  label: string;
  /** where units are looked for; undefined: wherever this grant sees */
  area?: number | undefined;
  busy: boolean;
  problem: Problem | null;
  onSend: (values: StepValues) => void;
  onCancel: () => void;
}): JSX.Element {
  const [typed, setTyped] = useState<Typed>(() => firstValues(step));
  const [wrong, setWrong] = useState<Readonly<Record<string, string | Said>>>({});
  const root = useRef<HTMLFormElement>(null);
  useEffect(() => root.current?.querySelector<HTMLElement>("input, textarea, select, [role=radio]")?.focus(), [step]);
  useEffect(() => {
    if (problem)
      setWrong(
        Object.fromEntries(
          problem.fields.map(({ field, message }) => [field.split(/[./]/).pop() ?? field, fault(message)]),
        ),
      );
  }, [problem]);
  const send = (): void => {
    const missing = Object.entries(checkStep(step, typed)).map(([name, key]) => [name, t(key)] as const);
    setWrong(Object.fromEntries(missing));
    if (missing.length === 0 && !busy) onSend(stepValues(step, typed));
  };
  const named = new Set(step.fields.map(({ name }) => name));
  const elsewhere = problem && !problem.fields.some(({ field }) => named.has(field.split(/[./]/).pop() ?? field));
  return (
    <form
      ref={root}
      class="form step-form"
      noValidate
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {step.fields.map((field) => (
        <StepInput
          key={field.name}
          field={field}
          area={area}
          value={typed[field.name] ?? ""}
          error={wrong[field.name]}
          onChange={(value) => {
            setTyped((now) => ({ ...now, [field.name]: value }));
            setWrong((now) => ({ ...now, [field.name]: "" }));
          }}
        />
      ))}
      {elsewhere ? (
        <p class="field-error" role="alert">
          {whyNot(problem)}
        </p>
      ) : null}
      <div class="form-actions">
        <button type="submit" class="button primary" disabled={busy}>
          {label}
        </button>
        <button type="button" class="button" onClick={onCancel}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}

function firstValues(step: NextStep): Typed {
  const first: Record<string, string> = {};
  for (const { name, kind, choices, required } of step.fields) {
    if (kind === "instant" && required) first[name] = toLocalInput(Date.now() + 7 * DAY_MS);
    if (kind === "choice" && required && choices.length === 1) first[name] = choices[0] ?? "";
  }
  return first;
}

interface InputProps {
  field: StepField;
  area: number | undefined;
  value: string;
  error: string | Said | undefined;
  onChange: (value: string) => void;
}

function StepInput({ field, area, value, error, onChange }: InputProps): JSX.Element {
  const id = `step-${field.name}`;
  const label = `${word("field", field.name)}${field.required ? "" : ` (${t("optional")})`}`;
  switch (field.kind) {
    case "text":
      return (
        <Labelled id={id} label={label} error={error}>
          <textarea
            id={id}
            rows={2}
            maxLength={1000}
            value={value}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        </Labelled>
      );
    case "instant":
      return (
        <Labelled id={id} label={label} error={error}>
          <input id={id} type="datetime-local" value={value} onInput={(event) => onChange(event.currentTarget.value)} />
        </Labelled>
      );
    case "choice":
      return (
        <fieldset class={`form-field ${error ? "wrong" : ""}`}>
          <legend>{label}</legend>
          <div class="choice-buttons">
            {field.choices.map((choice) => (
              <label key={choice} class="choice-button">
                <input
                  type="radio"
                  name={id}
                  value={choice}
                  checked={value === choice}
                  onChange={() => onChange(choice)}
                />
                <span>{word("outcome", choice)}</span>
              </label>
            ))}
          </div>
          {error ? (
            <p class="field-error" role="alert">
              <Told said={error} />
            </p>
          ) : null}
        </fieldset>
      );
    case "unit":
      return (
        <Labelled id={id} label={label} error={error}>
          <UnitChooser id={id} area={area} value={value} onChange={onChange} />
        </Labelled>
      );
    case "incident":
      return (
        <Labelled id={id} label={label} error={error}>
          <IncidentChooser id={id} onChange={onChange} />
        </Labelled>
      );
  }
}

/** Units of the area by role, as a list of the browser's own: it works with keyboard, thumb and screen reader. */
export function UnitChooser({
  id,
  area,
  value,
  role,
  onChange,
}: {
  id: string;
  area: number | undefined;
  value: string;
  role?: string | undefined;
  onChange: (value: string) => void;
}): JSX.Element {
  const [units, setUnits] = useState<readonly DutyUnit[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    setProblem(null);
    setUnits(null);
    caseApi.units({ area, role, limit: 200 }, abort.signal).then(
      (page) => setUnits(page.items),
      (thrown: unknown) => {
        if (!abort.signal.aborted) setProblem(asProblem(thrown));
      },
    );
    return () => abort.abort();
  }, [area, role]);
  if (problem)
    return (
      <p class="field-error" role="alert">
        {whyNot(problem)}
      </p>
    );
  const roles = [...new Set((units ?? []).map((unit) => unit.role))];
  return (
    <select id={id} value={value} disabled={units === null} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">{units === null ? t("loading") : units.length === 0 ? t("unitsNone") : t("unitsChoose")}</option>
      {roles.map((name) => (
        <optgroup key={name} label={word("role", name)}>
          {units
            ?.filter((unit) => unit.role === name)
            .map((unit) => (
              <option key={unit.unit_id} value={String(unit.unit_id)}>
                {unit.call_sign}
                {unit.station ? ` · ${unit.station.name}` : ""}
              </option>
            ))}
        </optgroup>
      ))}
    </select>
  );
}

/** A case by its number; it says which one that is before it is taken. */
function IncidentChooser({ id, onChange }: { id: string; onChange: (value: string) => void }): JSX.Element {
  const [text, setText] = useState("");
  const [found, setFound] = useState<string>("");
  useEffect(() => {
    const no = /^#?(\d{1,12})$/.exec(text.trim())?.[1];
    setFound("");
    onChange("");
    if (no === undefined) return undefined;
    const abort = new AbortController();
    const timer = window.setTimeout(() => {
      api.incidentByNumber(Number(no), abort.signal).then(
        (incident) => {
          setFound(`#${incident.no} ${incident.title}`);
          onChange(incident.id);
        },
        () => {
          if (!abort.signal.aborted) setFound(t("incidentUnknown"));
        },
      );
    }, 250);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return (
    <>
      <input
        id={id}
        inputMode="numeric"
        placeholder="#1024"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <p class="soft" aria-live="polite">
        {found}
      </p>
    </>
  );
}

/** What was filled in for a step, checked and turned into what the server takes. Pure. */
import type { NextStep, StepField, StepValues } from "../api/cases";
import { fromLocalInput } from "../ui/format";
import type { TextKey } from "../i18n";

/** As typed: by field name. */
export type Typed = Readonly<Record<string, string>>;
export type Missing = Readonly<Record<string, TextKey>>;

/** A check that ends so must say why. */
const FAILED_CHECKS = ["not_pass", "unable"];
const LONGEST_REASON = 1000;

/** What is still missing or wrong, by field. */
export function checkStep(step: NextStep, typed: Typed): Missing {
  const wrong: Record<string, TextKey> = {};
  for (const field of step.fields) {
    const key = faultOf(field, (typed[field.name] ?? "").trim());
    if (key) wrong[field.name] = key;
  }
  const failed = step.step === "check" && FAILED_CHECKS.includes(typed["outcome"] ?? "");
  if (failed && (typed["reason"] ?? "").trim() === "") wrong["reason"] = "stepNeeded";
  return wrong;
}

function faultOf(field: StepField, text: string): TextKey | null {
  if (text === "") return field.required ? "stepNeeded" : null;
  switch (field.kind) {
    case "text":
      return text.length > LONGEST_REASON ? "tooLong" : null;
    case "unit":
      return /^\d{1,15}$/.test(text) ? null : "stepNeeded";
    case "instant":
      return fromLocalInput(text) === null ? "stepBadDate" : null;
    case "choice":
      return field.choices.includes(text) ? null : "stepNeeded";
    case "incident":
      return text === "" ? "stepNeeded" : null;
  }
}

/** The body's part for these fields; what was left empty is left out. */
export function stepValues(step: NextStep, typed: Typed): StepValues {
  const values: Record<string, string | number> = {};
  for (const { name, kind } of step.fields) {
    const text = (typed[name] ?? "").trim();
    if (text === "") continue;
    const at = kind === "instant" ? fromLocalInput(text) : null;
    if (kind === "unit") values[name] = Number(text);
    else if (at !== null) values[name] = new Date(at).toISOString();
    else values[name] = text;
  }
  return values;
}

/** True when pressing its button is all there is to it: what is waited for, with nothing that must be said. */
export function isOneClick(step: NextStep): boolean {
  return step.ordinary && step.fields.every(({ required }) => !required);
}

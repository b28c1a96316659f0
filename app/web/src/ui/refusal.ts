/** Why something was refused: in the language of the page, and what the server says of it beside that. */
import type { Problem } from "../api/problem";
import { isText, t, type TextKey } from "../i18n";

export interface Said {
  readonly text: string;
  /** the server's own words, in English; "" for none */
  readonly detail: string;
}

export function refusal(problem: Problem): Said {
  if (problem.offline) return { text: t("errorOffline"), detail: "" };
  return { text: kindText(problem), detail: problem.detail || problem.title };
}

function kindText({ kind, status }: Problem): string {
  const key = `problem_${kind}`;
  if (isText(key)) return t(key);
  return t(status >= 500 ? "errorServer" : "problem_refused", { status });
}

/** What is said of a field, by how the server puts it; the first that fits. */
const FAULTS: readonly (readonly [RegExp, TextKey])[] = [
  [/^field required|^is missing|is needed/i, "fault_missing"],
  [/^is not that of|^does not fit/, "fault_wrong"],
  [/characters? at least|at least \d+ (character|item)/, "fault_short"],
  [/at most \d+ (character|item)|longer than|too long/, "fault_long"],
  [/valid (integer|number|decimal)|finite/, "fault_number"],
  [/datetime|valid date|server's clock|\b(past|future|ago|back|week|days?)\b/, "fault_time"],
  [/(greater|less) than|between|out of range/, "fault_range"],
  [/^Input should be '/, "fault_choice"],
];

export function fault(message: string): Said {
  const found = FAULTS.find(([pattern]) => pattern.test(message));
  return { text: t(found?.[1] ?? "fault_other"), detail: message };
}

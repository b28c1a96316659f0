/** Why something was not done, in words, with the number by which to ask. */
import type { JSX } from "preact";
import type { Problem } from "../api/problem";
import { t } from "../i18n";
import { reason } from "./states";

export function Refused({
  problem,
  but = [],
}: {
  problem: Problem | null;
  /** fields that show their own fault */
  but?: readonly string[];
}): JSX.Element | null {
  if (!problem) return null;
  const shown = problem.fields.filter(({ field }) => !but.includes(field.split(/[./]/).pop() ?? field));
  if (problem.fields.length > 0 && shown.length === 0) return null;
  return (
    <div class="refused" role="alert">
      <p>{reason(problem)}</p>
      {problem.requestId && problem.status >= 500 ? (
        <p class="soft">{t("errorRequest", { id: problem.requestId })}</p>
      ) : null}
    </div>
  );
}

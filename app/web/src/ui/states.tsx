/** The states every panel has: loading, empty, error. */
import type { ComponentChildren, JSX } from "preact";
import type { Problem } from "../api/problem";
import { t, type TextKey } from "../i18n";
import { refusal } from "./refusal";
import { Told } from "./Told";

export function Skeleton({ rows, label }: { rows: number; label?: string }): JSX.Element {
  return (
    <div class="skeleton" role="status" aria-label={label ?? t("loading")}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} class="skeleton-row" />
      ))}
    </div>
  );
}

export function Failed({ what, problem, retry }: { what: TextKey; problem: Problem; retry: () => void }): JSX.Element {
  return (
    <div class="failed" role="alert">
      <p class="failed-title">{t("errorTitle", { what: t(what) })}</p>
      <p>{reason(problem)}</p>
      {problem.requestId ? <p class="soft">{t("errorRequest", { id: problem.requestId })}</p> : null}
      <button type="button" class="button" onClick={retry}>
        {t("retry")}
      </button>
    </div>
  );
}

export function reason(problem: Problem): JSX.Element {
  return <Told said={refusal(problem)} />;
}

export function Empty({ title, hint, children }: { title: string; hint?: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {hint ? <p class="soft">{hint}</p> : null}
      {children ? <div class="empty-actions">{children}</div> : null}
    </div>
  );
}

/** The states every panel has: loading, empty, error. */
import type { ComponentChildren, JSX } from "preact";
import type { Problem } from "../api/problem";
import { t, type TextKey } from "../i18n";
import { askPassword } from "../state/password";
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
  // Everything is asked for again once the password was given.
  if (problem.kind === "password-again") return <Locked />;
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

export function Empty({
  title,
  hint,
  children,
}: {
  title: string;
  hint?: string;
  children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {hint ? <p class="soft">{hint}</p> : null}
      {children ? <div class="empty-actions">{children}</div> : null}
    </div>
  );
}

/** In the place of what is closed while the session only watches. */
export function Locked(): JSX.Element {
  return (
    <Empty title={t("watchingLocked")} hint={t("watchingWhy")}>
      <GoOn />
    </Empty>
  );
}

/** The way from watching to acting: the password. */
export function GoOn(): JSX.Element {
  return (
    <button type="button" class="button small" onClick={() => void askPassword("watching")}>
      {t("watchingGoOn")}
    </button>
  );
}

/** A clock as colour, shape and word: circle for in time, triangle for soon due, diamond for overdue. */
import type { JSX } from "preact";
import type { CaseClock } from "../api/cases";
import { t } from "../i18n";
import { serverNow } from "../state/livefeed";
import { clockView, type ClockKind } from "../state/clockview";
import { nowTick } from "../state/store";
import { clockText } from "./clocktext";
import { moment } from "./format";

export function ClockMark({ kind }: { kind: ClockKind }): JSX.Element {
  return (
    <svg class={`clock-mark clock-${kind}`} viewBox="-7 -7 14 14" aria-hidden="true">
      {shapeOf(kind)}
    </svg>
  );
}

function shapeOf(kind: ClockKind): JSX.Element {
  switch (kind) {
    case "overdue":
      return <polygon points="0,-6.5 6.5,0 0,6.5 -6.5,0" />;
    case "missed":
      return <polygon class="hollow" points="0,-5.5 5.5,0 0,5.5 -5.5,0" />;
    case "due_soon":
      return <polygon points="0,-6 6.2,5 -6.2,5" />;
    case "paused":
      return <path d="M-4.5 -5h3v10h-3zM1.5 -5h3v10h-3z" />;
    case "ok":
      return <circle r="4.8" />;
    case "kept":
      return <circle class="hollow" r="4.2" />;
    case "unknown":
      return <rect x="-5" y="-1.2" width="10" height="2.4" />;
  }
}

/** What is left, in a row or on a card; nothing where no limit runs. */
export function ClockChip({
  clock,
  full = false,
}: {
  clock: CaseClock | undefined;
  full?: boolean;
}): JSX.Element | null {
  const view = clockView(clock, nowTick.value + (serverNow() - Date.now()));
  if (!view)
    return full ? (
      <span class="soft">{t(clock?.state === "not_started" ? "clockNotStarted" : "clockNoLimit")}</span>
    ) : null;
  const due = clock?.due_at ? t("clockDueAt", { at: moment(clock.due_at, nowTick.peek()) }) : "";
  return (
    <span class={`clock-chip clock-${view.kind}`} title={due}>
      <ClockMark kind={view.kind} />
      <span class="tabular">{clockText(view)}</span>
      <ProvisionalMark clock={clock} />
    </span>
  );
}

/** Beside a deadline that rests on working days which are only expected: a sign and a word, on screen and in print. */
export function ProvisionalMark({ clock }: { clock: CaseClock | undefined }): JSX.Element | null {
  if (!clock?.is_provisional) return null;
  return (
    <span class="clock-provisional" title={t("clockProvisionalWhy")}>
      ≈ {t("clockProvisional")}
    </span>
  );
}

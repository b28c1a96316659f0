/** A clock as colour, shape and word: circle for in time, triangle for soon due, diamond for overdue. */
import type { JSX } from "preact";
import type { CaseClock } from "../api/cases";
import { lang, t } from "../i18n";
import { serverNow } from "../state/livefeed";
import { clockView, spanOf, type ClockKind, type ClockView } from "../state/clockview";
import { nowTick } from "../state/store";
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
    case "overdue": return <polygon points="0,-6.5 6.5,0 0,6.5 -6.5,0" />;
    case "missed": return <polygon class="hollow" points="0,-5.5 5.5,0 0,5.5 -5.5,0" />;
    case "due_soon": return <polygon points="0,-6 6.2,5 -6.2,5" />;
    case "paused": return <path d="M-4.5 -5h3v10h-3zM1.5 -5h3v10h-3z" />;
    case "ok": return <circle r="4.8" />;
    case "kept": return <circle class="hollow" r="4.2" />;
    case "unknown": return <rect x="-5" y="-1.2" width="10" height="2.4" />;
  }
}

/** 3 天 2 小时, 3 小时 12 分, 40 分钟: the two largest units. */
export function lengthText(seconds: number): string {
  const { days, hours, minutes } = spanOf(seconds);
  if (days > 0) return hours > 0 ? t("length_dh", { d: days, h: hours }) : t("length_d", { d: days });
  if (hours > 0) return minutes > 0 ? t("length_hm", { h: hours, m: minutes }) : t("length_h", { h: hours });
  return minutes > 0 ? t("length_m", { m: minutes }) : t("length_none");
}

export function clockText({ kind, left_s }: ClockView): string {
  const length = left_s === null ? "" : lengthText(left_s);
  return t(`clock_${kind}`, { length });
}

/** What is left, in a row or on a card; nothing where no limit runs. */
export function ClockChip({ clock, full = false }: { clock: CaseClock | undefined; full?: boolean }): JSX.Element | null {
  const view = clockView(clock, nowTick.value + (serverNow() - Date.now()));
  if (!view) return full ? <span class="soft">{t(clock?.state === "not_started" ? "clockNotStarted" : "clockNoLimit")}</span> : null;
  const due = clock?.due_at ? t("clockDueAt", { at: moment(clock.due_at, nowTick.peek()) }) : "";
  return (
    <span class={`clock-chip clock-${view.kind}`} title={due}>
      <ClockMark kind={view.kind} />
      <span class="tabular">{clockText(view)}</span>
    </span>
  );
}

/** `4 work_hour` as it is said. */
export function limitText(limit: string): string {
  return limit.split("|").map((one) => {
    const [n = "", unit = ""] = one.trim().split(" ");
    const key = `unit_limit_${unit}`;
    return key === "unit_limit_work_hour" || key === "unit_limit_urgent_hour" || key === "unit_limit_work_day" || key === "unit_limit_calendar_day"
      ? t(key, { n })
      : one;
  }).join(lang.value === "zh" ? "、" : ", ");
}

/** The figures at the head of the panel: today, open. Small numbers are never given as percentages. */
import type { JSX } from "preact";
import { t } from "../i18n";
import { clockSummary } from "../state/cases";
import { figures } from "../state/data";
import { goFace } from "../state/face";
import { ClockMark } from "../ui/ClockChip";
import { change, number } from "../ui/format";
import { Failed } from "../ui/states";

export function Figures(): JSX.Element {
  const { data, error, loading } = figures.value.value;
  if (error && !data) return <Failed what="what_figures" problem={error} retry={figures.retry} />;
  return (
    <dl class={`figures ${loading && !data ? "is-loading" : ""}`}>
      <Figure
        label={t("today")}
        value={data?.today}
        note={data ? <Change now={data.today} before={data.yesterdayByNow} /> : null}
      />
      <Figure label={t("lastHour")} value={data?.lastHour} />
      <Figure label={t("open")} value={data?.open} />
    </dl>
  );
}

const CLOCKS = [
  { kind: "overdue", label: "overdue" },
  { kind: "due_soon", label: "dueSoon" },
] as const;

/** How many are beyond their limit, and how many soon will be: each leads to its list. */
export function ClockFigures(): JSX.Element | null {
  const { data, error } = clockSummary.value.value;
  if (error && !data) return <Failed what="what_clocks" problem={error} retry={clockSummary.retry} />;
  return (
    <div class="figures clocks">
      {CLOCKS.map(({ kind, label }) => (
        <button
          key={kind}
          type="button"
          class="figure-button"
          data-clock={kind}
          onClick={() => goFace("cases", { list: "due", due: kind })}
        >
          <ClockMark kind={kind} />
          <span>{t(label)}</span>
          <span class="figure-value tabular">{data ? number(data[kind]) : "–"}</span>
        </button>
      ))}
    </div>
  );
}

export function Figure({
  label,
  value,
  note,
  unit,
}: {
  label: string;
  value: number | null | undefined;
  note?: JSX.Element | null;
  unit?: string;
}): JSX.Element {
  return (
    <div class="figure">
      <dt>
        {label}
        {note}
      </dt>
      <dd>
        <span class="figure-value tabular">{value === undefined || value === null ? "–" : number(value)}</span>
        <span class="unit">{unit ?? t("cases")}</span>
      </dd>
    </div>
  );
}

export function Change({ now, before }: { now: number; before: number }): JSX.Element | null {
  const percent = change(now, before);
  const title = `${t("todayVs")}: ${number(before)}`;
  if (percent === null) {
    return (
      <span
        class="change tabular"
        title={title}
      >{`${now >= before ? "+" : "−"}${number(Math.abs(now - before))}`}</span>
    );
  }
  const sign = percent >= 0.5 ? "▲" : percent <= -0.5 ? "▼" : "＝";
  return (
    <span class="change tabular" title={title}>
      {sign} {Math.abs(percent).toFixed(0)}%
    </span>
  );
}

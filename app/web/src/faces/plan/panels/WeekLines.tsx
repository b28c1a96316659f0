/** The spread of load week by week, on today's boundaries and the draft's: two lines, told apart by dash and word. */
import type { JSX } from "preact";
import { t } from "../../../i18n";

const WIDTH = 300;
const HEIGHT = 70;

export function WeekLines({
  today,
  draft,
}: {
  today: readonly number[];
  draft: readonly number[];
}): JSX.Element | null {
  if (today.length < 2) return null;
  const most = Math.max(...today, ...draft, Number.MIN_VALUE);
  const mean = (values: readonly number[]): string =>
    (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(3);
  const points = (values: readonly number[]): string =>
    values
      .map(
        (value, i) =>
          `${((i / (values.length - 1)) * WIDTH).toFixed(1)},${(HEIGHT - (value / most) * (HEIGHT - 4)).toFixed(1)}`,
      )
      .join(" ");
  return (
    <figure class="plan-weeks">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT + 2}`}
        role="img"
        aria-label={t("planWeeksAlt", { n: today.length, today: mean(today), draft: mean(draft) })}
      >
        <line class="ground" x1="0" x2={WIDTH} y1={HEIGHT + 0.5} y2={HEIGHT + 0.5} />
        <polyline class="today" points={points(today)} />
        <polyline class="draft" points={points(draft)} />
      </svg>
      <figcaption class="soft">
        <span class="plan-key today" />
        {t("planToday")} <span class="plan-key draft" />
        {t("planDraft")} · {t("planWeeks")}
      </figcaption>
    </figure>
  );
}

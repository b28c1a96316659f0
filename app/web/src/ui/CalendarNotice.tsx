/** Tells whoever may take it that the working days of a year are not taken yet. */
import type { JSX } from "preact";
import { t } from "../i18n";
import { overview } from "../state/calendar";
import { goFace } from "../state/face";

export function CalendarNotice(): JSX.Element | null {
  const year = overview.value.value.data?.untaken_year ?? null;
  if (year === null) return null;
  return (
    <p class="face-cut calendar-notice" role="status">
      ≈ {t("calendarUntaken", { year })}{" "}
      <button
        type="button"
        class="button quiet"
        onClick={() => goFace("standard", { sel: "calendar", year: String(year) })}
      >
        {t("calendarOpen")}
      </button>
    </p>
  );
}

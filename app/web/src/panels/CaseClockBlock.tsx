/** The clock on the card: what is left, the limit, and both deadlines where they differ. */
import type { JSX } from "preact";
import type { CaseClock } from "../api/cases";
import { t } from "../i18n";
import { clockView, isAdjusted } from "../state/clockview";
import { serverNow } from "../state/livefeed";
import { nowTick } from "../state/store";
import { ClockChip } from "../ui/ClockChip";
import { limitText } from "../ui/clocktext";
import { moment } from "../ui/format";

export function CaseClockBlock({ clock }: { clock: CaseClock }): JSX.Element | null {
  const now = nowTick.value;
  const kind = clockView(clock, serverNow())?.kind ?? "none";
  return (
    <div class={`case-clock of-${kind}`}>
      <ClockChip clock={clock} full />
      <div class="case-clock-facts">
        {clock.limit ? <span>{t("clockLimit", { limit: limitText(clock.limit) })}</span> : null}
        {clock.due_at ? <span class="tabular">{t("clockDueAt", { at: moment(clock.due_at, now) })}</span> : null}
        {clock.raw_due_at && isAdjusted(clock) ? (
          <span class="tabular soft">{t("clockRawDueAt", { at: moment(clock.raw_due_at, now) })}</span>
        ) : null}
        {clock.is_provisional ? <span class="soft">{t("clockProvisionalWhy")}</span> : null}
        {clock.extensions > 0 ? <span class="soft">{t("clockExtensions", { n: clock.extensions })}</span> : null}
      </div>
    </div>
  );
}

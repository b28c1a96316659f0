/** How far a change of many accounts is, and the way to cancel it. */
import type { JSX } from "preact";
import { t, word } from "../../i18n";
import { number } from "../../ui/format";
import { cancel, going } from "./manychange";

export function ManyChange(): JSX.Element | null {
  const now = going.value;
  if (!now) return null;
  const counts = now.total > 0;
  const stage = now.cancelling ? t("changeCancelling") : word("changestage", now.stage);
  return (
    <div class="many-change line" role="status">
      <progress max={1} {...(counts ? { value: now.done / now.total } : {})} aria-label={stage} />
      <span class="grow tabular">
        {stage} {counts ? t("changeDone", { done: number(now.done), total: number(now.total) }) : null}
      </span>
      <button type="button" class="button small" disabled={now.cancelling} onClick={cancel}>
        {t("cancel")}
      </button>
    </div>
  );
}

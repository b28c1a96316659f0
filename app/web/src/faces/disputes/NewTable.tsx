/** For which dispute a table is opened: those that are open and have none yet. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { categoryName, t, word } from "../../i18n";
import { nowTick } from "../../state/store";
import { Side } from "../../ui/FaceFrame";
import { ago } from "../../ui/format";
import { Refused } from "../../ui/Refused";
import { Empty, Failed, Skeleton } from "../../ui/states";
import { candidates, deeds, open, openTable } from "./state";

export function NewTable(): JSX.Element {
  const [text, setText] = useState("");
  const { data, error } = candidates.value.value;
  const wanted = text.trim().replace(/^#/, "");
  const shown = data?.filter(
    (dispute) => wanted === "" || dispute.title.includes(wanted) || String(dispute.no).startsWith(wanted),
  );
  return (
    <Side title={t("mediationOpen")} onClose={() => open("")}>
      <p class="soft">{t("mediationOpenHint")}</p>
      <input
        type="search"
        aria-label={t("mediationFind")}
        placeholder={t("mediationFind")}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <Refused problem={deeds.problem.value} />
      {error ? <Failed what="what_list" problem={error} retry={candidates.retry} /> : null}
      {!data && !error ? <Skeleton rows={5} /> : null}
      {shown?.length === 0 ? <Empty title={t("mediationNone")} /> : null}
      <ul class="entries">
        {shown?.map((dispute) => (
          <li key={dispute.no}>
            <span class="grow">
              {dispute.title}
              <br />
              <span class="soft tabular">
                {t("incidentNo", { no: dispute.no })} · {categoryName(dispute)} · {word("status", dispute.status)} ·{" "}
                {ago(dispute.reported_at, nowTick.value)}
              </span>
            </span>
            <button
              type="button"
              class="button small"
              disabled={deeds.busy.value !== ""}
              onClick={() => void openTable(dispute)}
            >
              {t("mediationOpenThis")}
            </button>
          </li>
        ))}
      </ul>
    </Side>
  );
}

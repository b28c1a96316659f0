/** One street on one A4 page: both maps, the figures, what goes where. There for the printer only. */
import type { JSX } from "preact";
import { createPortal } from "preact/compat";
import { useEffect } from "preact/hooks";
import { t, word } from "../../../i18n";
import { cellNumber, ancestorAt } from "../../../state/codes";
import { city } from "../../../state/data";
import { session } from "../../../state/session";
import { nowTick } from "../../../state/store";
import { clock, day, number } from "../../../ui/format";
import { changeText, MEASURE_LINES, measureText } from "../panels/figures";
import { areaLabel } from "../panels/names";
import { ringsOf } from "../panels/rings";
import { FILES_TAB, sheet } from "./state";
import { shownTab } from "../state";
import { frameOf, StreetMap } from "./StreetMap";
import type { Passage, StreetReport } from "./types";
import "./print.css";

/** What one page holds; the rest is in the exported list. */
const MOST_PASSAGES = 78;

const full = (at: string | number): string => `${day(at)} ${clock(at)}`;

export function StreetSheet(): JSX.Element | null {
  const report = sheet.value;
  const shown = report !== null && shownTab.value === FILES_TAB;
  useEffect(() => {
    if (shown) window.print();
  }, [report, shown]);
  return shown ? createPortal(<Sheet report={report} />, document.body) : null;
}

function Sheet({ report }: { report: StreetReport }): JSX.Element {
  const { plan, today, draft } = report;
  const frame = frameOf(
    [...report.outlines_today, ...report.outlines_draft].flatMap(({ geometry }) => ringsOf(geometry)),
  );
  const passages = [...report.passages].sort((a, b) => a.before - b.before || a.after - b.after);
  return (
    <article class="print-sheet street-sheet">
      <header>
        <p>
          {t("appName")} · {plan.title} · {word("planState", plan.state)}
          {city.value.value.data?.demo ? <strong class="street-demo">{t("demo")}</strong> : null}
        </p>
        <h1>{t("planSheetTitle", { name: report.name })}</h1>
        <p class="street-facts">
          {t("planArea")} {areaLabel(plan.area_code)} · {t("planAuthor")} {plan.author} · {t("planBaseAt")}{" "}
          {full(plan.base_at)}
          {plan.published_at
            ? ` · ${t("planPublishedOn", { on: day(plan.published_at) })}`
            : plan.publish_on
              ? ` · ${t("planPublishesOn", { on: plan.publish_on })}`
              : ""}
        </p>
      </header>
      {frame ? (
        <div class="street-maps">
          <figure>
            <StreetMap label={t("planToday")} outlines={report.outlines_today} frame={frame} />
            <figcaption>{t("planToday")}</figcaption>
          </figure>
          <figure>
            <StreetMap label={t("planDraft")} outlines={report.outlines_draft} frame={frame} mark />
            <figcaption>
              {t("planDraft")} · {t("planSheetChanged")}
            </figcaption>
          </figure>
        </div>
      ) : null}
      <table class="street-figures">
        <thead>
          <tr>
            <th>{t("planMeasure")}</th>
            <th>{t("planToday")}</th>
            <th>{t("planDraft")}</th>
            <th>{t("planChange")}</th>
          </tr>
        </thead>
        <tbody>
          {MEASURE_LINES.map((line) => (
            <tr key={line.key}>
              <th>{t(line.titleKey)}</th>
              <td>{measureText(line.form, today[line.key])}</td>
              <td>{measureText(line.form, draft[line.key])}</td>
              <td>{changeText(line.form, today[line.key], draft[line.key]) || "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <section class="street-moves">
        <h2>{t("planSheetMoves", { n: number(passages.reduce((sum, { units }) => sum + units, 0)) })}</h2>
        <ul>
          {passages.slice(0, MOST_PASSAGES).map((passage) => (
            <Line key={`${passage.before}.${passage.after}`} passage={passage} />
          ))}
        </ul>
        {passages.length > MOST_PASSAGES ? (
          <p>{t("planSheetMore", { n: number(passages.length - MOST_PASSAGES) })}</p>
        ) : null}
      </section>
      <footer>{t("printedBy", { user: session.value?.user ?? "", at: full(nowTick.peek()) })}</footer>
    </article>
  );
}

function Line({ passage: { before, after, units, households } }: { passage: Passage }): JSX.Element {
  return (
    <li>
      {areaLabel(ancestorAt(before, "community"))} {cellNumber(before)} → {cellNumber(after)}
      {t("colon")}
      {t("planSheetLine", { units: number(units), households: number(households) })}
    </li>
  );
}

/** The wall: read at four metres, no pointer. Four figures and the last eight cases beside a full map. */
import type { JSX } from "preact";
import { named, t, word } from "../i18n";
import { feed, figures } from "../state/data";
import { nowTick } from "../state/store";
import { ago, clock } from "../ui/format";
import { StageMark } from "../ui/stage";
import { Skeleton } from "../ui/states";
import { Change, Figure } from "./Figures";

export function Wall(): JSX.Element {
  const data = figures.value.value.data;
  return (
    <aside class="wall-panel">
      <dl class="figures wall-figures">
        <Figure
          label={t("today")}
          value={data?.today}
          note={data ? <Change now={data.today} before={data.yesterdayByNow} /> : null}
        />
        <Figure label={t("open")} value={data?.open} />
        <Figure label={t("lastHour")} value={data?.lastHour} />
        <Figure label={t("staffingGaps")} value={data?.gaps} unit={t("places")} />
      </dl>
      <Feed />
    </aside>
  );
}

function Feed(): JSX.Element {
  const items = feed.value.value.data?.items;
  return (
    <section class="wall-feed" aria-label={t("wallFeed")}>
      <h2>{t("wallFeed")}</h2>
      {items ? (
        <ol>
          {items.map((incident) => (
            <li key={incident.no} class="wall-row">
              <StageMark stage={incident.stage} critical={incident.severity >= 4} />
              <div>
                <div class="row-top">
                  <span class="row-title">{incident.title}</span>
                  <time class="tabular" title={ago(incident.reported_at, nowTick.value)}>
                    {clock(incident.reported_at)}
                  </time>
                </div>
                <div class="soft">
                  {word("status", incident.status)} ·{" "}
                  {incident.chain
                    .filter((link) => link.level === "district" || link.level === "subdistrict")
                    .map(named)
                    .join(" ")}
                </div>
              </div>
            </li>
          ))}
        </ol>
      ) : (
        <Skeleton rows={8} />
      )}
    </section>
  );
}

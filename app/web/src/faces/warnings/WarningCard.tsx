/** One warning: its timer, where it is, who must act, what was done so far. */
import type { JSX } from "preact";
import { categoryName, t, word } from "../../i18n";
import { showOnMap } from "../../state/navigate";
import { nowTick } from "../../state/store";
import { Chain } from "../../panels/Chain";
import { CaseLink } from "../../ui/CaseLink";
import { Side } from "../../ui/FaceFrame";
import { moment, number } from "../../ui/format";
import { Icon } from "../../ui/icons";
import { Risk, Rungs, StateWord, VisitTimer } from "./parts";
import { open } from "./state";
import { Steps } from "./Steps";
import type { Warning } from "./types";

export function WarningCard({ warning }: { warning: Warning }): JSX.Element {
  const now = nowTick.value;
  return (
    <Side
      title={categoryName(warning)}
      lead={
        <>
          <StateWord state={warning.state} />
          <Risk risk={warning.risk} />
          <CaseLink no={warning.no} />
        </>
      }
      onClose={() => open("")}
    >
      <div class="warning-clock">
        <VisitTimer warning={warning} />
        <span class="soft tabular">{t("visitDue", { at: moment(warning.visit_due_at, now) })}</span>
      </div>
      <Steps warning={warning} />
      <section>
        <p>
          <Chain links={warning.chain} />
        </p>
        <div class="line">
          <button type="button" class="button" onClick={() => showOnMap(warning.lon, warning.lat)}>
            <Icon name="pin" />
            {t("showOnMap")}
          </button>
          {warning.location_uncertainty_m > 0 ? (
            <span class="soft">{t("uncertainty", { m: number(warning.location_uncertainty_m) })}</span>
          ) : null}
        </div>
      </section>
      <section>
        <h3>{t("rungNow")}</h3>
        <p>
          <Rungs level={warning.level} /> {warning.station?.name}
        </p>
        {warning.climbs.length > 0 ? (
          <ul class="entries">
            {warning.climbs.map((climb) => (
              <li key={climb.at}>
                <time class="tabular soft">{moment(climb.at, now)}</time>{" "}
                {t("climbedTo", { to: word("rung", climb.to) })}
              </li>
            ))}
          </ul>
        ) : (
          <p class="soft">{t("climbedNot")}</p>
        )}
      </section>
      <section>
        <h3>{t("timeline")}</h3>
        <ol class="timeline">
          {[...warning.timeline].reverse().map((entry) => (
            <li key={`${entry.at}${entry.step}`}>
              <time class="tabular soft">{moment(entry.at, now)}</time>
              <div>
                <strong>{word("warnstep", entry.step)}</strong> {entry.outcome ? word("outcome", entry.outcome) : ""}{" "}
                <span class="soft">{entry.role ? word("acts", entry.role) : ""}</span>
              </div>
            </li>
          ))}
        </ol>
      </section>
    </Side>
  );
}

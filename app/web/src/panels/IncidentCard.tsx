/** One case: how far it is, what is due, where, who has it, what to do next. The same card on every face. */
import type { JSX } from "preact";
import type { CaseDetail } from "../api/cases";
import { categoryName, t, word } from "../i18n";
import { select, showOnMap } from "../state/actions";
import { incidentDetail, responsible } from "../state/data";
import { nowTick } from "../state/store";
import { ago, moment, number } from "../ui/format";
import { Icon } from "../ui/icons";
import { StageChip } from "../ui/stage";
import { Failed, Skeleton } from "../ui/states";
import { Card, Field } from "./Card";
import { CaseClockBlock } from "./CaseClockBlock";
import { CaseContact } from "./CaseContact";
import { CasePhotos } from "./CasePhotos";
import { CaseSteps } from "./CaseSteps";
import { CaseTimeline } from "./CaseTimeline";
import { Chain } from "./Chain";
import { People } from "./People";

export function IncidentCard({ no }: { no: number }): JSX.Element {
  const { data, error } = incidentDetail.value.value;
  const title = t("incidentNo", { no });
  if (error && data?.no !== no) {
    return (
      <Card title={title}>
        <Failed what="what_card" problem={error} retry={incidentDetail.retry} />
      </Card>
    );
  }
  if (data?.no !== no)
    return (
      <Card title={title}>
        <Skeleton rows={6} />
      </Card>
    );
  return <Body incident={data} />;
}

function Body({ incident }: { incident: CaseDetail }): JSX.Element {
  const now = nowTick.value;
  const lead = (
    <>
      <StageChip stage={incident.stage} status={incident.status} />
      <span class="chip plain">{word("tier", incident.tier)}</span>
      <span class="soft tabular">{t("incidentNo", { no: incident.no })}</span>
      {incident.simulated ? <span class="badge">{t("simulatedCase")}</span> : null}
    </>
  );
  return (
    <Card title={incident.title} lead={lead} foot={<CaseSteps incident={incident} />}>
      <p class="card-place">
        <Chain links={incident.chain} />
      </p>
      <CaseClockBlock clock={incident.clock} />
      <Marks incident={incident} />
      <Facts incident={incident} now={now} />
      {incident.description ? <p class="description">{incident.description}</p> : null}
      <div class="card-actions">
        <button type="button" class="button" onClick={() => showOnMap(incident)}>
          <Icon name="pin" />
          {t("showOnMap")}
        </button>
        <button type="button" class="button" onClick={() => window.print()}>
          <Icon name="print" />
          {t("print")}
        </button>
        {incident.location_uncertainty_m ? (
          <span class="soft">{t("uncertainty", { m: number(incident.location_uncertainty_m) })}</span>
        ) : null}
      </div>
      <CasePhotos incident={incident} />
      <CaseContact incident={incident} />
      <h3>{t("timeline")}</h3>
      <CaseTimeline steps={incident.timeline} now={now} />
      <h3>{t("whoIsHere")}</h3>
      <Responsible />
    </Card>
  );
}

function Facts({ incident, now }: { incident: CaseDetail; now: number }): JSX.Element {
  const unit = incident.assigned_to;
  return (
    <dl class="fields">
      {unit ? (
        <Field label={t("assignedTo")}>
          <strong class="tabular">{unit.call_sign}</strong>{" "}
          <span class="soft">
            {word("role", unit.role)}
            {unit.station ? ` · ${unit.station}` : ""}
          </span>
        </Field>
      ) : null}
      <Field label={t("severity")}>
        <Severity level={incident.severity} />
      </Field>
      <Field label={t("category")}>
        {categoryName(incident)} <span class="soft tabular">{incident.category}</span>
      </Field>
      <Field label={t("source")}>{word("source", incident.source)}</Field>
      <Field label={t("reportedAt")}>
        <span class="tabular">{moment(incident.reported_at, now)}</span>{" "}
        <span class="soft">{ago(incident.reported_at, now)}</span>
      </Field>
      <Field label={t("occurredAt")}>
        <span class="tabular">{moment(incident.occurred_at, now)}</span>
      </Field>
      {incident.closed_at ? (
        <Field label={t("closedAt")}>
          <span class="tabular">{moment(incident.closed_at, now)}</span>
        </Field>
      ) : null}
    </dl>
  );
}

/** What is out of the ordinary: reopened, one of several, satisfied or not. */
function Marks({ incident }: { incident: CaseDetail }): JSX.Element | null {
  const same = [...(incident.duplicate_of ? [incident.duplicate_of] : []), ...incident.duplicates];
  const { returned, reopened, satisfaction, asks_extension, appeals, suspended_until } = incident;
  if (same.length === 0 && !returned && !reopened && !satisfaction && !asks_extension && !appeals && !suspended_until)
    return null;
  return (
    <ul class="case-marks">
      {suspended_until ? <li>{t("suspendedUntil", { at: moment(suspended_until, nowTick.peek()) })}</li> : null}
      {asks_extension ? <li>{t("asksExtension")}</li> : null}
      {appeals ? <li>{t("appealWaits")}</li> : null}
      {returned ? <li>{t("returnedTimes", { n: returned })}</li> : null}
      {reopened ? <li>{t("reopenedTimes", { n: reopened })}</li> : null}
      {satisfaction ? (
        <li>
          {t("satisfaction")} {word("outcome", satisfaction)}
        </li>
      ) : null}
      {same.map((other) => (
        <li key={other.no}>
          {t(other.no === incident.duplicate_of?.no ? "duplicateOf" : "duplicateHere")}{" "}
          <button type="button" class="link" onClick={() => select({ kind: "incident", no: other.no })}>
            #{other.no} {other.title}
          </button>
        </li>
      ))}
    </ul>
  );
}

export function Severity({ level }: { level: number }): JSX.Element {
  return (
    <span class="severity">
      <svg viewBox="0 0 26 10" aria-hidden="true">
        {[1, 2, 3, 4].map((step) => (
          <rect
            key={step}
            class={step <= level ? "full" : "hollow"}
            x={(step - 1) * 6.5 + 0.5}
            y={9 - step * 2}
            width="5"
            height={step * 2}
          />
        ))}
      </svg>
      {word("severity", String(level))}
    </span>
  );
}

function Responsible(): JSX.Element {
  const { data, error } = responsible.value.value;
  if (error && !data) return <Failed what="what_card" problem={error} retry={responsible.retry} />;
  if (!data) return <Skeleton rows={2} />;
  return <People people={data.assigned} />;
}

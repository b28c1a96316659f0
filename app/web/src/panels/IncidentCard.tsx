/** One case: what, where, how far it is, who is responsible. */
import type { JSX } from "preact";
import type { IncidentDetail, TimelineStep } from "../api/types";
import { categoryName, t, word } from "../i18n";
import { mapHandle } from "../state/actions";
import { incidentDetail, responsible } from "../state/data";
import { nowTick } from "../state/store";
import { ago, moment, number } from "../ui/format";
import { Icon } from "../ui/icons";
import { StageChip } from "../ui/stage";
import { Failed, Skeleton } from "../ui/states";
import { Card, Field } from "./Card";
import { Chain } from "./Chain";
import { People } from "./People";

export function IncidentCard({ no }: { no: number }): JSX.Element {
  const { data, error } = incidentDetail.value.value;
  const title = t("incidentNo", { no });
  if (error && !data) {
    return <Card title={title}><Failed what="what_card" problem={error} retry={incidentDetail.retry} /></Card>;
  }
  if (data?.no !== no) return <Card title={title}><Skeleton rows={6} /></Card>;
  return <Body incident={data} />;
}

function Body({ incident }: { incident: IncidentDetail }): JSX.Element {
  const now = nowTick.value;
  const lead = (
    <>
      <StageChip stage={incident.stage} status={incident.status} />
      <span class="soft tabular">{t("incidentNo", { no: incident.no })}</span>
      {incident.simulated ? <span class="badge">{t("simulatedCase")}</span> : null}
    </>
  );
  return (
    <Card title={incident.title} lead={lead}>
      <p class="card-place">
        <Chain links={incident.chain} />
      </p>
      <dl class="fields">
        <Field label={t("severity")}>
          <Severity level={incident.severity} />
        </Field>
        <Field label={t("category")}>
          {categoryName(incident)} <span class="soft tabular">{incident.category}</span>
        </Field>
        <Field label={t("source")}>{word("source", incident.source)}</Field>
        <Field label={t("reportedAt")}>
          <span class="tabular">{moment(incident.reported_at, now)}</span> <span class="soft">{ago(incident.reported_at, now)}</span>
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
      {incident.description ? <p class="description">{incident.description}</p> : null}
      <div class="card-actions">
        <button type="button" class="button" onClick={() => mapHandle.value?.show(incident.lon, incident.lat, 15)}>
          <Icon name="pin" />
          {t("showOnMap")}
        </button>
        {incident.location_uncertainty_m ? (
          <span class="soft">{t("uncertainty", { m: number(incident.location_uncertainty_m) })}</span>
        ) : null}
      </div>
      <h3>{t("timeline")}</h3>
      <Timeline steps={incident.timeline} now={now} />
      <h3>{t("whoIsHere")}</h3>
      <Responsible />
    </Card>
  );
}

export function Severity({ level }: { level: number }): JSX.Element {
  return (
    <span class="severity">
      <svg viewBox="0 0 26 10" aria-hidden="true">
        {[1, 2, 3, 4].map((step) => (
          <rect key={step} class={step <= level ? "full" : "hollow"} x={(step - 1) * 6.5 + 0.5} y={9 - step * 2} width="5" height={step * 2} />
        ))}
      </svg>
      {word("severity", String(level))}
    </span>
  );
}

function Timeline({ steps, now }: { steps: readonly TimelineStep[]; now: number }): JSX.Element {
  return (
    <ol class="timeline">
      {[...steps].reverse().map((step) => (
        <li key={step.ordinal}>
          <time class="tabular soft">{moment(step.at, now)}</time>
          <div>
            <strong>{word("step", step.step)}</strong> <span class="soft">{word("tier", step.tier)}</span>
            {step.reason ? <p class="soft">{step.reason}</p> : null}
          </div>
        </li>
      ))}
    </ol>
  );
}

function Responsible(): JSX.Element {
  const { data, error } = responsible.value.value;
  if (error && !data) return <Failed what="what_card" problem={error} retry={responsible.retry} />;
  if (!data) return <Skeleton rows={2} />;
  return <People people={data.assigned} />;
}

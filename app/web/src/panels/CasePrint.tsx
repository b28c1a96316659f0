/** A case on A4: there for the printer only. Text as text, no contact, no photo. */
import type { JSX } from "preact";
import type { CaseDetail, CaseStep } from "../api/cases";
import { shownFace } from "../faces";
import { categoryName, named, t, word } from "../i18n";
import { cellNumber } from "../state/codes";
import { incidentDetail } from "../state/data";
import { session } from "../state/session";
import { mode, nowTick, selection } from "../state/store";
import { limitText } from "../ui/clocktext";
import { clock, day } from "../ui/format";
import { byWhom } from "./CaseTimeline";

const full = (at: string): string => `${day(at)} ${clock(at)}`;

/** The deadline, marked where it may still move. */
function dueText({ clock: { due_at, is_provisional } }: CaseDetail): string {
  return `${due_at === null ? "" : full(due_at)}${is_provisional ? ` ≈ ${t("clockProvisional")}` : ""}`;
}

export function CasePrint(): JSX.Element | null {
  const chosen = selection.value;
  const incident: CaseDetail | null = incidentDetail.value.value.data;
  const face = shownFace.value?.name ?? "cases";
  if (mode.value === "wall" || face !== "cases" || chosen?.kind !== "incident" || incident?.no !== chosen.no)
    return null;
  const place = incident.chain.map((link) => (link.level === "cell" ? cellNumber(link.code) : named(link))).join(" / ");
  const facts: [string, string][] = [
    [t("printStatus"), `${word("status", incident.status)} (${word("stage", incident.stage)})`],
    [t("category"), `${categoryName(incident)} ${incident.category}`],
    [t("severity"), word("severity", String(incident.severity))],
    [t("source"), word("source", incident.source)],
    [t("place"), place],
    [t("printPoint"), `${incident.lon.toFixed(5)}, ${incident.lat.toFixed(5)}`],
    [t("reportedAt"), full(incident.reported_at)],
    [t("occurredAt"), full(incident.occurred_at)],
    ...(incident.closed_at ? [[t("closedAt"), full(incident.closed_at)] satisfies [string, string]] : []),
    ...(incident.clock.limit ? [[t("printLimit"), limitText(incident.clock.limit)] satisfies [string, string]] : []),
    ...(incident.clock.due_at ? [[t("dueAt"), dueText(incident)] satisfies [string, string]] : []),
    ...(incident.assigned_to ? [[t("assignedTo"), incident.assigned_to.call_sign] satisfies [string, string]] : []),
  ];
  return (
    <article class="print-sheet">
      <header>
        <p>
          {t("appName")} · {t("incidentNo", { no: incident.no })}
        </p>
        <h1>{incident.title}</h1>
      </header>
      <table>
        <tbody>
          {facts.map(([label, value]) => (
            <tr key={label}>
              <th>{label}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {incident.description ? (
        <section>
          <h2>{t("description")}</h2>
          <p class="print-text">{incident.description}</p>
        </section>
      ) : null}
      <section>
        <h2>{t("timeline")}</h2>
        <PrintTimeline steps={incident.timeline} />
      </section>
      <footer>
        {t("printedBy", { user: session.value?.user ?? "", at: full(new Date(nowTick.value).toISOString()) })}
      </footer>
    </article>
  );
}

function PrintTimeline({ steps }: { steps: readonly CaseStep[] }): JSX.Element {
  return (
    <table class="print-steps">
      <tbody>
        {steps.map((step) => (
          <tr key={step.ordinal}>
            <td class="tabular">{full(step.at)}</td>
            <td>
              {[word("step", step.step), step.outcome ? word("outcome", step.outcome) : ""].filter(Boolean).join(" · ")}
            </td>
            <td>{byWhom(step)}</td>
            <td>{[step.unit ?? "", step.reason ?? ""].filter(Boolean).join(" — ")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The rows: dense at a desk, two lines under the thumb on a phone. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Incident } from "../../api/types";
import { categoryName, named, t, word } from "../../i18n";
import { select } from "../../state/actions";
import { cellNumber } from "../../state/codes";
import { nowTick, phone, selection } from "../../state/store";
import { ClockChip } from "../../ui/ClockChip";
import { ago, moment } from "../../ui/format";
import { StageMark } from "../../ui/stage";
import "../../styles/table.css";
import { cursor, listName, rows, shown, type Row } from "./state";

export function TaskTable(): JSX.Element {
  return phone.value ? <TaskCards /> : <Desk />;
}

function Desk(): JSX.Element {
  const mine = listName.value === "mine";
  return (
    <table class="table opens task-table" aria-label={t(mine ? "tasksMine" : "tasksDue")}>
      <thead>
        <tr>
          <th scope="col">{t("colDue")}</th>
          {mine ? <th scope="col">{t("colWhy")}</th> : null}
          <th scope="col">{t("colCase")}</th>
          <th scope="col">{t("colPlace")}</th>
          <th scope="col">{t("category")}</th>
          <th scope="col">{t("colStatus")}</th>
          <th scope="col" class="number">
            {t("colDueAt")}
          </th>
          <th scope="col" class="number">
            {t("reportedAt")}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.value.map((row) => (
          <DeskRow key={row.no} row={row} mine={mine} />
        ))}
      </tbody>
    </table>
  );
}

function flagsOf(row: Row): string {
  return `${shown.value.gone.has(row.no) ? "gone" : ""} ${cursor.value === row.no ? "cursor" : ""}`;
}

function open(row: Row): void {
  cursor.value = row.no;
  select({ kind: "incident", no: row.no });
}

/** Keep the row that the keyboard is on in sight. */
function useInSight(no: number, element: { readonly current: HTMLElement | null }): void {
  const here = cursor.value === no;
  useEffect(() => {
    if (here) element.current?.scrollIntoView({ block: "nearest" });
  }, [here]);
}

function DeskRow({ row, mine }: { row: Row; mine: boolean }): JSX.Element {
  const { incident } = row;
  const element = useRef<HTMLTableRowElement>(null);
  useInSight(row.no, element);
  const chosen = selection.value;
  return (
    <tr
      ref={element}
      class={flagsOf(row)}
      data-no={row.no}
      tabIndex={0}
      aria-selected={chosen?.kind === "incident" && chosen.no === row.no}
      onClick={() => open(row)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || event.target !== event.currentTarget) return;
        event.stopPropagation();
        open(row);
      }}
    >
      <td class="task-due">
        <ClockChip clock={incident.clock} full />
      </td>
      {mine ? <td class="task-why">{row.why ? word("why", row.why) : ""}</td> : null}
      <td class="task-title">
        <span class="soft tabular">#{row.no}</span> <span>{incident.title}</span>
      </td>
      <td class="task-place">{shortPlace(incident)}</td>
      <td class="task-what">{categoryName(incident)}</td>
      <td>
        <span class="task-status">
          <StageMark stage={incident.stage} critical={incident.severity >= 4} />
          {word("status", incident.status)}
        </span>
      </td>
      <td class="number">{incident.clock.due_at ? moment(incident.clock.due_at, nowTick.value) : ""}</td>
      <td class="number">{moment(incident.reported_at, nowTick.value)}</td>
    </tr>
  );
}

function TaskCards(): JSX.Element {
  return (
    <ol class="task-cards" aria-label={t(listName.value === "mine" ? "tasksMine" : "tasksDue")}>
      {rows.value.map((row) => (
        <TaskCard key={row.no} row={row} />
      ))}
    </ol>
  );
}

function TaskCard({ row }: { row: Row }): JSX.Element {
  const { incident } = row;
  const element = useRef<HTMLLIElement>(null);
  useInSight(row.no, element);
  return (
    <li ref={element} class={flagsOf(row)} data-no={row.no}>
      <button type="button" onClick={() => open(row)}>
        <StageMark stage={incident.stage} critical={incident.severity >= 4} />
        <span class="task-card-text">
          <span class="row-top">
            <span class="row-title">{incident.title}</span>
            <span class="soft tabular">{ago(incident.reported_at, nowTick.value)}</span>
          </span>
          <span class="row-place">{shortPlace(incident)}</span>
          <span class="row-meta">
            <strong>{row.why ? word("why", row.why) : word("status", incident.status)}</strong>
            <ClockChip clock={incident.clock} />
          </span>
        </span>
      </button>
    </li>
  );
}

/** Street, community and cell: the district is the same for most who look. */
export function shortPlace(incident: Incident): string {
  const parts = incident.chain.filter((link) => link.level === "subdistrict" || link.level === "community").map(named);
  return `${parts.join(" · ")} -${cellNumber(incident.cell_code)}`;
}

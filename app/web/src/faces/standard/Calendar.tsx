/** The working days of a year: what they are, and taking them after a look at the deadlines that move. */
import type { JSX } from "preact";
import { t, word } from "../../i18n";
import { may } from "../../state/session";
import type { CalendarDay, MovedCase, TakenYear, YearCalendar } from "../../state/calendar";
import { nowTick } from "../../state/store";
import { CaseLink } from "../../ui/CaseLink";
import { Confirm } from "../../ui/Confirm";
import { Side } from "../../ui/FaceFrame";
import { FileInput } from "../../ui/FileInput";
import { Labelled } from "../../ui/Labelled";
import { PickChoice } from "../../ui/Pick";
import { Refused } from "../../ui/Refused";
import { moment, number } from "../../ui/format";
import { Failed, Skeleton } from "../../ui/states";
import { Table } from "../../ui/Table";
import {
  calendar,
  choose,
  deeds,
  file,
  found,
  mayTake,
  openCalendar,
  showYear,
  takeYear,
  tryYear,
  year,
  years,
} from "./year";

export function Calendar(): JSX.Element {
  const { data, error } = calendar.value.value;
  return (
    <Side title={t("calendarTitle")} onClose={() => openCalendar(false)}>
      <PickChoice
        label={t("calendarYear")}
        value={String(year.value)}
        choices={years().map((each) => ({ value: String(each), text: String(each) }))}
        onPick={(each) => showYear(Number(each) || (years()[0] ?? year.value))}
      />
      {may("take_calendar_year") ? <Take /> : null}
      {error && !data ? <Failed what="what_calendar" problem={error} retry={calendar.retry} /> : null}
      {!data && !error ? <Skeleton rows={8} /> : null}
      {data ? <Year shown={data} /> : null}
    </Side>
  );
}

function Year({ shown }: { shown: YearCalendar }): JSX.Element {
  return (
    <section class="found">
      <h3>
        {shown.year}: {word("calendar_source", shown.source)}
        {shown.is_provisional ? ` ≈ ${t("clockProvisional")}` : ""}
      </h3>
      {shown.is_provisional ? <p class="soft">{t("calendarExpected")}</p> : null}
      {shown.note ? <p class="soft">{shown.note}</p> : null}
      <Table<CalendarDay>
        label={t("calendarTitle")}
        rows={shown.days}
        rowKey={(one) => one.day}
        columns={[
          { key: "day", title: t("calendarDay"), kind: "code", cell: (one) => one.day },
          { key: "kind", title: t("calendarKind"), cell: (one) => word("day_kind", one.kind) },
          { key: "note", title: t("calendarNote"), kind: "long", cell: (one) => one.note },
          {
            key: "source",
            title: t("calendarSource"),
            cell: (one) => <span class="soft">{word("calendar_source", one.source)}</span>,
          },
        ]}
      />
    </section>
  );
}

function Take(): JSX.Element {
  const problem = deeds.problem.value;
  const busy = deeds.busy.value;
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void tryYear();
      }}
    >
      <Labelled id="c-file" label={t("calendarFile", { year: year.value })} hint={t("calendarFileHint")}>
        <FileInput id="c-file" accept=".csv" choose={choose} />
      </Labelled>
      <Refused problem={problem} but={[]} />
      {problem && problem.fields.length > 0 ? (
        <ul class="found-faults" aria-label={t("calendarFaults")}>
          {problem.fields.map(({ field, message }) => (
            <li key={`${field} ${message}`}>
              <strong>{field}</strong> {message}
            </li>
          ))}
        </ul>
      ) : null}
      <div class="form-actions">
        <button
          type="submit"
          class={`button ${mayTake.value ? "" : "primary"}`}
          disabled={busy !== "" || file.value === null}
        >
          {t(busy === "preview" ? "standardLooking" : "standardPreview")}
        </button>
        {mayTake.value ? (
          <Confirm
            text={t("calendarTake", { year: year.value })}
            sure={t("calendarSure", { year: year.value, n: number(found.value?.moved ?? 0) })}
            disabled={busy !== ""}
            onSure={() => void takeYear()}
          />
        ) : null}
      </div>
      {found.value ? <Found found={found.value} /> : null}
    </form>
  );
}

function Found({
  found: { taken, year: ofYear, days, moved, examined, items, worked_holidays },
}: {
  found: TakenYear;
}): JSX.Element {
  return (
    <div class="found">
      <p class="found-lead" role="status">
        {taken ? `✓ ${t("calendarTaken", { year: ofYear })}` : t("calendarFits", { n: number(days) })}
      </p>
      {worked_holidays.length > 0 ? (
        <p class="bad" role="alert">
          {t("calendarForgotten", { days: worked_holidays.map(({ day, name }) => `${day} ${name}`).join("、") })}
        </p>
      ) : null}
      <section>
        <h3>{t("calendarMoved", { n: number(moved), of: number(examined) })}</h3>
        {items.length > 0 ? <Moved cases={items} /> : null}
        {items.length < moved ? (
          <p class="soft">{t("listOfShown", { shown: number(items.length), n: number(moved) })}</p>
        ) : null}
      </section>
    </div>
  );
}

function Moved({ cases }: { cases: readonly MovedCase[] }): JSX.Element {
  const due = (at: string | null): string => (at === null ? t("clock_unknown") : moment(at, nowTick.value));
  return (
    <Table
      label={t("auditCase")}
      rows={cases}
      rowKey={({ no }) => no}
      columns={[
        { key: "no", title: t("auditCase"), kind: "code", cell: ({ no }) => <CaseLink no={no} /> },
        { key: "title", title: t("reportTitleField"), kind: "long", cell: ({ title }) => title },
        {
          key: "before",
          title: t("standardBefore"),
          cell: ({ due_before }) => <span class="tabular">{due(due_before)}</span>,
        },
        {
          key: "after",
          title: t("standardAfter"),
          cell: ({ due_after }) => <span class="tabular">{due(due_after)}</span>,
        },
      ]}
    />
  );
}

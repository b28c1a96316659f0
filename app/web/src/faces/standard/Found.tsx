/** What a new standard would change, or why it cannot be taken: cell by cell. */
import type { JSX } from "preact";
import { t, word } from "../../i18n";
import { nowTick } from "../../state/store";
import { CaseLink } from "../../ui/CaseLink";
import { limitText } from "../../ui/clocktext";
import { day, moment, number } from "../../ui/format";
import { Table } from "../../ui/Table";
import type { ChangedCase, ChangedLimit, Preview } from "./types";

export function Found({ preview }: { preview: Preview }): JSX.Element {
  if (preview.errors.length > 0) return <Errors preview={preview} />;
  const { added, removed, changed, cases } = preview;
  return (
    <div class="found">
      <p class="found-lead" role="status">
        {preview.published
          ? `✓ ${t("standardPublished", { on: day(preview.valid_from) })}`
          : t("standardFits", { n: number(preview.lines) })}
      </p>
      {added.length + removed.length + changed.length === 0 ? <p class="soft">{t("standardSame")}</p> : null}
      <Limits title={t("standardAdded", { n: number(added.length) })} limits={added} />
      <Limits title={t("standardRemoved", { n: number(removed.length) })} limits={removed} />
      <Limits title={t("standardChanged", { n: number(changed.length) })} limits={changed} />
      <section>
        <h3>{t("standardCases", { n: number(cases.n) })}</h3>
        <p class="soft">{t("standardKept", { n: number(cases.kept) })}</p>
        {cases.items.length > 0 ? <Cases cases={cases.items} /> : null}
        {cases.items.length < cases.n ? (
          <p class="soft">{t("listOfShown", { shown: number(cases.items.length), n: number(cases.n) })}</p>
        ) : null}
      </section>
    </div>
  );
}

function Errors({ preview }: { preview: Preview }): JSX.Element {
  return (
    <div class="found">
      <p class="found-lead bad" role="alert">
        ✕ {t("standardRefused", { n: number(preview.errors.length) })}
      </p>
      <Table
        label={t("standardErrors")}
        rows={preview.errors}
        rowKey={(error) => `${error.row} ${error.column} ${error.message}`}
        columns={[
          { key: "row", title: t("standardRow"), kind: "number", cell: ({ row }) => number(row) },
          { key: "column", title: t("standardColumn"), cell: ({ column }) => word("column", column) },
          { key: "message", title: t("standardWhy"), kind: "long", cell: ({ message }) => message },
        ]}
      />
    </div>
  );
}

function limitOf(limit: string | null): string {
  if (limit === null) return "–";
  return limit === "" ? t("clockNoLimit") : limitText(limit);
}

function Limits({ title, limits }: { title: string; limits: readonly ChangedLimit[] }): JSX.Element | null {
  if (limits.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <Table
        label={title}
        rows={limits}
        rowKey={({ code }) => code}
        columns={[
          { key: "code", title: t("column_code"), kind: "code", cell: ({ code }) => code },
          { key: "name", title: t("column_sub_category"), kind: "long", cell: ({ name }) => name },
          { key: "before", title: t("standardBefore"), kind: "long", cell: ({ before }) => limitOf(before) },
          { key: "after", title: t("standardAfter"), kind: "long", cell: ({ after }) => limitOf(after) },
        ]}
      />
    </section>
  );
}

function Cases({ cases }: { cases: readonly ChangedCase[] }): JSX.Element {
  const due = (at: string | null): string => (at === null ? t("clockNotStarted") : moment(at, nowTick.value));
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
          cell: ({ limit_before, due_before }) => (
            <>
              {limitOf(limit_before ?? "")}
              <br />
              <span class="soft tabular">{due(due_before)}</span>
            </>
          ),
        },
        {
          key: "after",
          title: t("standardAfter"),
          cell: ({ limit_after, due_after }) => (
            <>
              {limitOf(limit_after ?? "")}
              <br />
              <span class="soft tabular">{due(due_after)}</span>
            </>
          ),
        },
      ]}
    />
  );
}

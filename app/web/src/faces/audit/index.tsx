/** The audit: every reveal, export and change of permissions, and whether nobody has touched the record since. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t, word } from "../../i18n";
import { faceKeys, setFaceParams } from "../../state/face";
import { session } from "../../state/session";
import { nowTick } from "../../state/store";
import { AreaChooser } from "../../ui/AreaChooser";
import { CaseLink } from "../../ui/CaseLink";
import { FaceFrame } from "../../ui/FaceFrame";
import { clockSeconds, day, number } from "../../ui/format";
import { PagedTable } from "../../ui/PagedTable";
import { Pick, PickChoice, PickDay } from "../../ui/Pick";
import type { Column } from "../../ui/Table";
import { KINDS } from "./filter";
import { auditFilter, chain, rows, type AuditEntry } from "./state";
import "./audit.css";

export default function Audit(): JSX.Element {
  useEffect(() => {
    faceKeys.value = { p: () => window.print() };
  }, []);
  const { data } = rows.value.value;
  return (
    <FaceFrame
      title={t("face_audit")}
      note={<Note total={data?.total ?? null} />}
      actions={
        <button type="button" class="button" onClick={() => window.print()}>
          {t("auditPrint")}
        </button>
      }
      filters={<Filters />}
    >
      <p class="print-only">
        {t("auditPrinted", { time: `${day(nowTick.value)} ${clockSeconds(nowTick.value)}` })} · {session.value?.user}
      </p>
      <PagedTable
        label={t("face_audit")}
        list={rows}
        what="what_audit"
        empty={t("auditEmpty")}
        hint={t("auditEmptyHint")}
        columns={columns()}
        rowKey={(row) => row.no}
      />
    </FaceFrame>
  );
}

function Note({ total }: { total: number | null }): JSX.Element {
  return (
    <span class="line">
      {total === null ? null : <span class="tabular">{t("auditCount", { n: number(total) })}</span>}
      <Chain />
    </span>
  );
}

function Chain(): JSX.Element {
  const { data, error } = chain.value.value;
  if (error && !data)
    return (
      <button type="button" class="link bad" onClick={chain.retry}>
        {t("chainFailed")}
      </button>
    );
  if (!data) return <span class="soft">{t("chainBusy")}</span>;
  const n = number(data.rows);
  return (
    <span class={`chain-state ${data.ok ? "whole" : "broken"}`} role="status" title={data.head}>
      <span aria-hidden="true">{data.ok ? "✓" : "✕"}</span>{" "}
      {data.ok ? t("chainOk", { n }) : t("chainBad", { n, no: data.first_bad ?? 0 })}
    </span>
  );
}

function Filters(): JSX.Element {
  const filter = auditFilter();
  return (
    <>
      <PickChoice
        label={t("auditKind")}
        value={filter.kind}
        choices={KINDS.map((kind) => ({ value: kind, text: word("audit", kind) }))}
        onPick={(kind) => setFaceParams({ kind })}
      />
      <Pick label={t("area")} on={filter.area !== ""} onClear={() => setFaceParams({ area: "" })}>
        <AreaChooser
          id="audit-area"
          value={Number(filter.area) || 0}
          placeholder={t("pickAny")}
          onChoose={(area) => setFaceParams({ area: area ? String(area.code) : "" })}
        />
      </Pick>
      <PickDay label={t("since")} value={filter.from} onPick={(from) => setFaceParams({ from })} />
      <PickDay label={t("until")} value={filter.to} onPick={(to) => setFaceParams({ to })} />
    </>
  );
}

function columns(): readonly Column<AuditEntry>[] {
  return [
    { key: "no", title: t("auditNo"), kind: "number", cell: (row) => number(row.no) },
    { key: "at", title: t("when"), kind: "code", cell: (row) => `${day(row.at)} ${clockSeconds(row.at)}` },
    { key: "kind", title: t("auditKind"), cell: (row) => word("audit", row.kind) },
    {
      key: "account",
      title: t("auditAccount"),
      cell: (row) => row.account ?? <span class="soft">{t("auditSystem")}</span>,
    },
    { key: "role", title: t("auditRole"), cell: (row) => (row.role ? word("acts", row.role) : "") },
    { key: "area", title: t("area"), kind: "code", cell: (row) => row.area_code },
    {
      key: "case",
      title: t("auditCase"),
      kind: "code",
      cell: (row) => (row.incident_no === null ? "" : <CaseLink no={row.incident_no} />),
    },
    { key: "detail", title: t("auditDetail"), kind: "long", cell: (row) => row.detail },
    { key: "reason", title: t("auditReason"), kind: "long", cell: (row) => row.reason ?? "" },
    {
      key: "hash",
      title: t("auditHash"),
      kind: "code",
      cell: (row) => <code title={row.hash}>{row.hash.slice(0, 10)}</code>,
    },
  ];
}

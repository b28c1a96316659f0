/** The filing standard: what is registered as what, within which limit; and publishing another one. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { at } from "../../api/base";
import { t } from "../../i18n";
import { faceKeys, setFaceParams } from "../../state/face";
import { may } from "../../state/session";
import { limitText } from "../../ui/clocktext";
import { FaceFrame } from "../../ui/FaceFrame";
import { day, number } from "../../ui/format";
import { PickChoice } from "../../ui/Pick";
import { Empty, Failed, Skeleton } from "../../ui/states";
import { Table, type Column } from "../../ui/Table";
import { Calendar } from "./Calendar";
import { calendarOpen, openCalendar } from "./year";
import { groupsOf, matching } from "./lines";
import { Publish } from "./Publish";
import { group, openPublishing, publishing, standard, text, WORKBOOK } from "./state";
import type { Line } from "./types";
import "./standard.css";

export default function Standard(): JSX.Element {
  useEffect(() => {
    faceKeys.value = { Escape: () => openPublishing(false) };
  }, []);
  const { data, error } = standard.value.value;
  const shown = data ? matching(data.lines, group.value, text.value) : [];
  return (
    <FaceFrame
      title={t("face_standard")}
      note={
        data ? (
          <span class="tabular">
            {t("standardNote", {
              shown: number(shown.length),
              n: number(data.lines.length),
              from: day(data.valid_from),
            })}
          </span>
        ) : null
      }
      actions={
        <>
          <button
            type="button"
            class="button"
            aria-expanded={calendarOpen.value}
            onClick={() => openCalendar(!calendarOpen.value)}
          >
            {t("calendarTitle")}…
          </button>
          <a class="button" href={at(WORKBOOK)} download="filing_standard.xlsx">
            {t("standardDownload")}
          </a>
          {may("publish_standard") ? (
            <button
              type="button"
              class="button primary"
              aria-expanded={publishing.value}
              onClick={() => openPublishing(!publishing.value)}
            >
              {t("standardPublish")}…
            </button>
          ) : null}
        </>
      }
      filters={
        data ? (
          <>
            <input
              class="find"
              type="search"
              aria-label={t("standardFind")}
              placeholder={t("standardFind")}
              maxLength={100}
              value={text.value}
              onInput={(event) => setFaceParams({ q: event.currentTarget.value.trimStart() })}
            />
            <PickChoice
              label={t("standardGroup")}
              value={group.value}
              choices={groupsOf(data.lines).map(({ code, name }) => ({ value: code, text: `${code} ${name}` }))}
              onPick={(code) => setFaceParams({ group: code })}
            />
          </>
        ) : null
      }
      side={sideOf()}
    >
      {error && !data ? <Failed what="what_standard" problem={error} retry={standard.retry} /> : null}
      {!data && !error ? <Skeleton rows={12} /> : null}
      {data && shown.length === 0 ? (
        <Empty title={t("standardEmpty")}>
          <button type="button" class="button" onClick={() => setFaceParams({ q: "", group: "" })}>
            {t("clearFilters")}
          </button>
        </Empty>
      ) : null}
      {shown.length > 0 ? (
        <Table
          label={t("face_standard")}
          columns={columns()}
          rows={shown}
          rowKey={(line) => `${line.code}|${line.condition}`}
        />
      ) : null}
    </FaceFrame>
  );
}

function sideOf(): JSX.Element | null {
  if (calendarOpen.value) return <Calendar />;
  return publishing.value && may("publish_standard") ? <Publish /> : null;
}

function columns(): readonly Column<Line>[] {
  return [
    { key: "code", title: t("column_code"), kind: "code", cell: (line) => line.code },
    { key: "category", title: t("column_category"), cell: (line) => line.category },
    { key: "sub_category", title: t("column_sub_category"), cell: (line) => <strong>{line.sub_category}</strong> },
    { key: "condition", title: t("column_condition"), kind: "long", cell: (line) => line.condition },
    {
      key: "limit",
      title: t("column_limit"),
      cell: (line) =>
        line.limit === "" ? <span class="soft">{t("clockNoLimit")}</span> : limitText(`${line.limit} ${line.unit}`),
    },
    {
      key: "responsible_unit",
      title: t("column_responsible_unit"),
      kind: "long",
      cell: (line) => line.responsible_unit,
    },
    {
      key: "closing_condition",
      title: t("column_closing_condition"),
      kind: "long",
      cell: (line) => line.closing_condition,
    },
    { key: "note", title: t("column_note"), kind: "long", cell: (line) => line.note },
  ];
}

/** Open sessions as a table. */
import type { JSX } from "preact";
import { t, word } from "../../i18n";
import { faceParam } from "../../state/face";
import { nowTick } from "../../state/store";
import { ago, moment } from "../../ui/format";
import { PagedTable } from "../../ui/PagedTable";
import type { Column } from "../../ui/Table";
import { areaName, SessionState } from "./parts";
import { sessions, shownList } from "./sessions";
import { open } from "./state";
import type { OpenSession } from "./types";

export function SessionList(): JSX.Element {
  return (
    <PagedTable
      list={sessions}
      what="what_sessions"
      empty={t(shownList.value === "walls" ? "sessionsNoWalls" : "sessionsNone")}
      label={t("userSessions")}
      columns={columns()}
      rowKey={(session) => String(session.id)}
      chosen={faceParam("sel")}
      onOpen={(session) => open(String(session.id))}
    />
  );
}

function columns(): readonly Column<OpenSession>[] {
  return [
    {
      key: "label",
      title: t("sessionLabel"),
      kind: "long",
      cell: (session) =>
        session.label === null ? <span class="soft">{t("sessionNoLabel")}</span> : <strong>{session.label}</strong>,
    },
    { key: "user", title: t("userName"), kind: "code", cell: (session) => session.user },
    {
      key: "acts",
      title: t("sessionActs"),
      kind: "long",
      cell: (session) => `${word("acts", session.role)} · ${areaName(session.area)}`,
    },
    { key: "state", title: t("userState"), cell: (session) => <SessionState session={session} /> },
    {
      key: "since",
      title: t("sessionSince"),
      cell: (session) => <span class="tabular">{moment(session.since, nowTick.value)}</span>,
    },
    {
      key: "seen",
      title: t("sessionSeen"),
      cell: (session) => <span class="tabular">{ago(session.seen_at, nowTick.value)}</span>,
    },
  ];
}

/** Users and grants: who may sign in, in which role, where, and until when. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../../i18n";
import { faceKeys, setFaceParams } from "../../state/face";
import { nowTick } from "../../state/store";
import { FaceFrame } from "../../ui/FaceFrame";
import { ago, number } from "../../ui/format";
import { Icon } from "../../ui/icons";
import { More } from "../../ui/PagedTable";
import { Segments } from "../../ui/Segments";
import { Empty, Failed, Skeleton } from "../../ui/states";
import { Table, type Column } from "../../ui/Table";
import { NewUser } from "./NewUser";
import { grantText, Name, Opening, UserState } from "./parts";
import { Proposals } from "./Proposals";
import { SessionCard } from "./SessionCard";
import { SessionList } from "./SessionList";
import { chosenSession, LISTS, sessions, showList, shownList } from "./sessions";
import { Sheet } from "./Sheet";
import { adding, chosenName, chosenUser, NEW, open, SHEET, users, wanted, withSheet } from "./state";
import type { User } from "./types";
import { UserCard } from "./UserCard";

export default function Users(): JSX.Element {
  useEffect(() => {
    faceKeys.value = { Escape: () => open("") };
  }, []);
  const list = shownList.value;
  const opened = chosenSession.value;
  const chosen = chosenUser.value;
  const side =
    list !== "users" ? (
      opened && <SessionCard key={opened.id} session={opened} />
    ) : adding.value ? (
      <NewUser />
    ) : withSheet.value ? (
      <Sheet />
    ) : chosen ? (
      <UserCard key={chosen.name} user={chosen} />
    ) : null;
  const { data } = users.value.value;
  const running = sessions.value.value.data;
  const note =
    list === "users"
      ? data && t("usersCount", { n: number(data.total) })
      : running && t("userSessionsN", { n: number(running.total) });
  return (
    <FaceFrame
      title={t("face_users")}
      note={note}
      actions={
        <>
          <button type="button" class="button" onClick={() => openInList(SHEET)}>
            {t("userSheet")}
          </button>
          <button type="button" class="button primary" onClick={() => openInList(NEW)}>
            <Icon name="plus" />
            {t("userAdd")}
          </button>
        </>
      }
      filters={
        <>
          <Segments
            label={t("face_users")}
            options={LISTS.map((value) => ({ value, text: t(`usersList_${value}`) }))}
            value={list}
            onChange={(name) => showList(name)}
          />
          {list === "walls" ? null : <Find exact={list === "sessions"} />}
        </>
      }
      side={side}
    >
      {list === "users" ? <UserList /> : <SessionList />}
    </FaceFrame>
  );
}

function openInList(what: string): void {
  if (shownList.peek() !== "users") showList("users");
  open(what);
}

function Find({ exact }: { exact: boolean }): JSX.Element {
  const text = t(exact ? "sessionsFind" : "usersFind");
  return (
    <input
      class="find"
      type="search"
      aria-label={text}
      placeholder={text}
      maxLength={60}
      value={wanted.value}
      onInput={(event) => setFaceParams({ q: event.currentTarget.value.trim() })}
    />
  );
}

function UserList(): JSX.Element {
  const { data, error } = users.value.value;
  const rows = data?.items;
  return (
    <>
      <Proposals />
      {error ? <Failed what="what_users" problem={error} retry={users.retry} /> : null}
      {!rows && !error ? <Skeleton rows={10} /> : null}
      {rows?.length === 0 ? <Empty title={t(wanted.value === "" ? "usersEmpty" : "usersNone")} /> : null}
      {rows && rows.length > 0 ? (
        <Table
          label={t("face_users")}
          columns={columns()}
          rows={rows}
          rowKey={(user) => user.name}
          chosen={chosenName.value}
          onOpen={(user) => open(user.name)}
        />
      ) : null}
      <More list={users} />
    </>
  );
}

function columns(): readonly Column<User>[] {
  return [
    { key: "name", title: t("userName"), kind: "code", cell: (user) => <Name user={user} /> },
    {
      key: "grants",
      title: t("grants"),
      kind: "long",
      cell: (user) => user.grants.map(grantText).join(t("comma")) || <span class="soft">{t("grantsNone")}</span>,
    },
    {
      key: "state",
      title: t("userState"),
      cell: (user) => (
        <span class="line">
          <UserState user={user} />
          <Opening user={user} />
        </span>
      ),
    },
    { key: "sessions", title: t("userSessions"), kind: "number", cell: (user) => number(user.sessions) },
    {
      key: "seen",
      title: t("userSeen"),
      cell: (user) => (
        <span class="soft tabular">{user.last_seen_at ? ago(user.last_seen_at, nowTick.value) : t("userNever")}</span>
      ),
    },
  ];
}

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
import { Empty, Failed, Skeleton } from "../../ui/states";
import { Table, type Column } from "../../ui/Table";
import { NewUser } from "./NewUser";
import { grantText, Name, Opening, UserState } from "./parts";
import { Proposals } from "./Proposals";
import { Sheet } from "./Sheet";
import { adding, chosenName, chosenUser, NEW, open, SHEET, users, wanted, withSheet } from "./state";
import type { User } from "./types";
import { UserCard } from "./UserCard";

export default function Users(): JSX.Element {
  useEffect(() => {
    faceKeys.value = { Escape: () => open("") };
  }, []);
  const { data, error } = users.value.value;
  const rows = data?.items;
  const chosen = chosenUser.value;
  const side = adding.value ? <NewUser /> : withSheet.value ? <Sheet /> : chosen ? <UserCard key={chosen.name} user={chosen} /> : null;
  return (
    <FaceFrame
      title={t("face_users")}
      note={data ? t("usersCount", { n: number(data.total) }) : null}
      actions={
        <>
          <button type="button" class="button" onClick={() => open(SHEET)}>{t("userSheet")}</button>
          <button type="button" class="button primary" onClick={() => open(NEW)}>
            <Icon name="plus" />
            {t("userAdd")}
          </button>
        </>
      }
      filters={
        <input
          class="find"
          type="search"
          aria-label={t("usersFind")}
          placeholder={t("usersFind")}
          maxLength={60}
          value={wanted.value}
          onInput={(event) => setFaceParams({ q: event.currentTarget.value.trim() })}
        />
      }
      side={side}
    >
      <Proposals />
      {error ? <Failed what="what_users" problem={error} retry={users.retry} /> : null}
      {!rows && !error ? <Skeleton rows={10} /> : null}
      {rows?.length === 0 ? <Empty title={t(wanted.value === "" ? "usersEmpty" : "usersNone")} /> : null}
      {rows && rows.length > 0 ? (
        <Table label={t("face_users")} columns={columns()} rows={rows} rowKey={(user) => user.name} chosen={chosenName.value} onOpen={(user) => open(user.name)} />
      ) : null}
      <More list={users} />
    </FaceFrame>
  );
}

function columns(): readonly Column<User>[] {
  return [
    { key: "name", title: t("userName"), kind: "code", cell: (user) => <Name user={user} /> },
    { key: "grants", title: t("grants"), kind: "long", cell: (user) => user.grants.map(grantText).join(t("comma")) || <span class="soft">{t("grantsNone")}</span> },
    { key: "state", title: t("userState"), cell: (user) => <span class="line"><UserState user={user} /><Opening user={user} /></span> },
    { key: "sessions", title: t("userSessions"), kind: "number", cell: (user) => number(user.sessions) },
    {
      key: "seen",
      title: t("userSeen"),
      cell: (user) => <span class="soft tabular">{user.last_seen_at ? ago(user.last_seen_at, nowTick.value) : t("userNever")}</span>,
    },
  ];
}

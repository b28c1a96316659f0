/** Desks that are told of their cases by mail: how each stands, what failed, and sending it again. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t, word } from "../../i18n";
import { faceKeys } from "../../state/face";
import { nowTick } from "../../state/store";
import { FaceFrame } from "../../ui/FaceFrame";
import { ago, moment, number } from "../../ui/format";
import { Icon } from "../../ui/icons";
import { PagedTable } from "../../ui/PagedTable";
import type { Column } from "../../ui/Table";
import { MailboxCard } from "./MailboxCard";
import { SetMailbox } from "./SetMailbox";
import { adding, chosen, chosenId, isMailSetUp, mailboxes, NEW, open, refresh, type Mailbox } from "./state";

export default function Mailboxes(): JSX.Element {
  useEffect(() => {
    faceKeys.value = { Escape: () => open("") };
  }, []);
  const { data } = mailboxes.value.value;
  const mailbox = chosen.value;
  const side = adding.value ? <SetMailbox /> : mailbox ? <MailboxCard key={mailbox.id} mailbox={mailbox} /> : null;
  return (
    <FaceFrame
      title={t("face_mailboxes")}
      note={data ? t("mailboxesCount", { n: number(data.total) }) : null}
      actions={
        <>
          <button type="button" class="button" onClick={refresh}>
            {t("webhookRefresh")}
          </button>
          <button type="button" class="button primary" onClick={() => open(NEW)}>
            <Icon name="plus" />
            {t("mailboxAdd")}
          </button>
        </>
      }
      side={side}
    >
      {isMailSetUp.value === false ? (
        <p class="face-notice bad" role="status">
          {t("mailboxesOff")}
        </p>
      ) : null}
      <PagedTable
        label={t("face_mailboxes")}
        list={mailboxes}
        what="what_mailboxes"
        empty={t("mailboxesEmpty")}
        hint={t("mailboxesEmptyHint")}
        columns={columns()}
        rowKey={({ id }) => String(id)}
        chosen={chosenId.value}
        onOpen={({ id }) => open(String(id))}
      />
    </FaceFrame>
  );
}

function columns(): readonly Column<Mailbox>[] {
  return [
    { key: "unit", title: t("mailboxUnit"), kind: "code", cell: ({ call_sign }) => <strong>{call_sign}</strong> },
    { key: "state", title: t("webhookState"), cell: (mailbox) => <State mailbox={mailbox} /> },
    { key: "role", title: t("mailboxRole"), cell: ({ role }) => (role ? word("role", role) : "") },
    { key: "station", title: t("mailboxStation"), kind: "long", cell: ({ station }) => station ?? "" },
    { key: "to", title: t("mailboxTo"), kind: "code", cell: ({ mailbox }) => mailbox },
    { key: "waiting", title: word("mail", "waiting"), kind: "number", cell: ({ waiting }) => number(waiting) },
    { key: "failed", title: word("mail", "failed"), kind: "number", cell: ({ failed }) => number(failed) },
    { key: "sent", title: t("mailboxLast"), cell: ({ sent_at }) => (sent_at ? ago(sent_at, nowTick.value) : "") },
  ];
}

/** Full or hollow, and a word: never colour alone. */
function State({ mailbox }: { mailbox: Mailbox }): JSX.Element {
  if (!mailbox.on_duty) return <span class="soft">○ {t("mailboxOffDuty")}</span>;
  if (mailbox.failures === 0) return <span>● {t("webhookFine")}</span>;
  const next = mailbox.next_at ? moment(mailbox.next_at, nowTick.value) : t("webhookSoon");
  return <span class="bad">○ {t("webhookFails", { n: number(mailbox.failures), next })}</span>;
}

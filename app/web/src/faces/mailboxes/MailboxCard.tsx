/** One desk: where its mail goes, what could not be sent, sending it again, and a test. */
import type { JSX } from "preact";
import { t, word } from "../../i18n";
import { nowTick } from "../../state/store";
import { CaseLink } from "../../ui/CaseLink";
import { Confirm } from "../../ui/Confirm";
import { Side } from "../../ui/FaceFrame";
import { moment, number } from "../../ui/format";
import { PagedTable } from "../../ui/PagedTable";
import { Refused } from "../../ui/Refused";
import type { Column } from "../../ui/Table";
import {
  deeds,
  done,
  look,
  MAIL_STATES,
  mails,
  open,
  remove,
  resend,
  test,
  wantedState,
  type Mail,
  type Mailbox,
} from "./state";

export function MailboxCard({ mailbox }: { mailbox: Mailbox }): JSX.Element {
  const busy = deeds.busy.value !== "";
  return (
    <Side title={mailbox.call_sign} onClose={() => open("")}>
      <Refused problem={deeds.problem.value} />
      <Done />
      <p>
        <code>{mailbox.mailbox}</code>
      </p>
      <p class="soft">{mailbox.on_duty ? mailbox.station : t("mailboxOffDuty")}</p>
      {mailbox.last_error ? (
        <p class="bad">
          {t("webhookLastError")}
          {mailbox.last_error}
        </p>
      ) : null}
      <div class="line">
        <button type="button" class="button small primary" disabled={busy} onClick={() => void test(mailbox.id)}>
          {t("mailboxTest")}
        </button>
        <button
          type="button"
          class="button small"
          disabled={busy || mailbox.failed + mailbox.waiting === 0}
          onClick={() => void resend(mailbox.id, null)}
        >
          {t("webhookResendAll", { n: number(mailbox.failed) })}
        </button>
        <Confirm
          text={t("mailboxRemove")}
          sure={t("mailboxRemoveSure")}
          disabled={busy}
          onSure={() => void remove(mailbox.id)}
        />
      </div>
      <div class="line" role="group" aria-label={t("mailboxMails")}>
        {MAIL_STATES.map((state) => (
          <button
            key={state}
            type="button"
            class="button small"
            aria-pressed={state === wantedState.value}
            onClick={() => look(state)}
          >
            {word("mail", state)}
          </button>
        ))}
      </div>
      <PagedTable
        label={t("mailboxMails")}
        list={mails}
        what="what_mails"
        empty={t("deliveriesEmpty")}
        columns={columns(mailbox, busy)}
        rowKey={({ id }) => id}
      />
    </Side>
  );
}

function Done(): JSX.Element | null {
  const said = done.value;
  if (said === null) return null;
  const text = said.what === "tested" ? t("mailboxTested") : t("webhookResent", { n: number(said.n) });
  return <p role="status">✓ {text}</p>;
}

function columns(mailbox: Mailbox, busy: boolean): readonly Column<Mail>[] {
  return [
    {
      key: "at",
      title: t("when"),
      cell: ({ told_at }) => <span class="tabular">{moment(told_at, nowTick.value)}</span>,
    },
    {
      key: "case",
      title: t("auditCase"),
      kind: "code",
      cell: ({ no }) => (no === null ? t("mailboxIsTest") : <CaseLink no={no} />),
    },
    { key: "tries", title: t("webhookTries"), kind: "number", cell: ({ tries }) => number(tries) },
    { key: "error", title: t("webhookError"), kind: "long", cell: (mail) => whyNot(mail) },
    { key: "again", title: "", cell: (mail) => <Again mailbox={mailbox} mail={mail} busy={busy} /> },
  ];
}

function whyNot({ why, last_error }: Mail): string {
  return why === null ? (last_error ?? "") : word("unneeded", why);
}

function Again({ mailbox, mail, busy }: { mailbox: Mailbox; mail: Mail; busy: boolean }): JSX.Element | null {
  if (mail.state !== "failed") return null;
  return (
    <button
      type="button"
      class="button small"
      disabled={busy}
      aria-label={t("webhookResendOne", { no: mail.no ?? mail.id })}
      onClick={() => void resend(mailbox.id, mail.id)}
    >
      {t("webhookResend")}
    </button>
  );
}

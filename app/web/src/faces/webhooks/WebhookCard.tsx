/** One subscription: where it goes, what could not be delivered, and sending it again. */
import type { JSX } from "preact";
import { t, word } from "../../i18n";
import { nowTick } from "../../state/store";
import { CaseLink } from "../../ui/CaseLink";
import { Confirm } from "../../ui/Confirm";
import { Side } from "../../ui/FaceFrame";
import { moment, number } from "../../ui/format";
import { Refused } from "../../ui/Refused";
import { PagedTable } from "../../ui/PagedTable";
import type { Column } from "../../ui/Table";
import {
  deeds,
  deliveries,
  DELIVERY_STATES,
  look,
  open,
  remove,
  resend,
  resent,
  secret,
  wantedState,
  type Delivery,
  type Webhook,
} from "./state";

export function WebhookCard({ webhook }: { webhook: Webhook }): JSX.Element {
  const busy = deeds.busy.value !== "";
  return (
    <Side title={webhook.name} onClose={() => open("")}>
      <Refused problem={deeds.problem.value} />
      {secret.value ? <Secret /> : null}
      {resent.value === null ? null : <p role="status">✓ {t("webhookResent", { n: number(resent.value) })}</p>}
      <p>
        <code>{webhook.url}</code>
      </p>
      {webhook.last_error ? (
        <p class="bad">
          {t("webhookLastError")}
          {webhook.last_error}
        </p>
      ) : null}
      <div class="line">
        <button
          type="button"
          class="button small primary"
          disabled={busy || webhook.failed + webhook.waiting === 0}
          onClick={() => void resend(webhook.id, null)}
        >
          {t("webhookResendAll", { n: number(webhook.failed) })}
        </button>
        <Confirm
          text={t("webhookRemove")}
          sure={t("webhookRemoveSure")}
          disabled={busy}
          onSure={() => void remove(webhook.id)}
        />
      </div>
      <div class="line" role="group" aria-label={t("webhookDeliveries")}>
        {DELIVERY_STATES.map((state) => (
          <button
            key={state}
            type="button"
            class="button small"
            aria-pressed={state === wantedState.value}
            onClick={() => look(state)}
          >
            {word("delivery", state)}
          </button>
        ))}
      </div>
      <PagedTable
        label={t("webhookDeliveries")}
        list={deliveries}
        what="what_deliveries"
        empty={t("deliveriesEmpty")}
        columns={columns(webhook, busy)}
        rowKey={({ id }) => id}
      />
    </Side>
  );
}

function Secret(): JSX.Element {
  return (
    <div role="status">
      <p>{t("webhookSecret")}</p>
      <p>
        <code class="secret">{secret.value}</code>
      </p>
    </div>
  );
}

function columns(webhook: Webhook, busy: boolean): readonly Column<Delivery>[] {
  return [
    {
      key: "at",
      title: t("when"),
      cell: ({ occurred_at }) => <span class="tabular">{moment(occurred_at, nowTick.value)}</span>,
    },
    { key: "topic", title: t("webhookTopics"), cell: ({ topic }) => word("topic", topic) },
    { key: "case", title: t("auditCase"), kind: "code", cell: ({ no }) => (no === null ? "" : <CaseLink no={no} />) },
    { key: "tries", title: t("webhookTries"), kind: "number", cell: ({ tries }) => number(tries) },
    { key: "error", title: t("webhookError"), kind: "long", cell: ({ last_error }) => last_error ?? "" },
    {
      key: "again",
      title: "",
      cell: ({ id, no }) => (
        <button
          type="button"
          class="button small"
          disabled={busy}
          aria-label={t("webhookResendOne", { no: no ?? id })}
          onClick={() => void resend(webhook.id, id)}
        >
          {t("webhookResend")}
        </button>
      ),
    },
  ];
}

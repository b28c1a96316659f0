/** Programs that are told what happens: how each stands, what failed, and sending it again. */
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
import { NewWebhook } from "./NewWebhook";
import { adding, chosen, chosenId, NEW, open, refresh, webhooks, type Webhook } from "./state";
import { WebhookCard } from "./WebhookCard";

export default function Webhooks(): JSX.Element {
  useEffect(() => {
    faceKeys.value = { Escape: () => open("") };
  }, []);
  const { data } = webhooks.value.value;
  const webhook = chosen.value;
  const side = adding.value ? <NewWebhook /> : webhook ? <WebhookCard key={webhook.id} webhook={webhook} /> : null;
  return (
    <FaceFrame
      title={t("face_webhooks")}
      note={data ? t("webhooksCount", { n: number(data.total) }) : null}
      actions={
        <>
          <button type="button" class="button" onClick={refresh}>
            {t("webhookRefresh")}
          </button>
          <button type="button" class="button primary" onClick={() => open(NEW)}>
            <Icon name="plus" />
            {t("webhookAdd")}
          </button>
        </>
      }
      side={side}
    >
      <PagedTable
        label={t("face_webhooks")}
        list={webhooks}
        what="what_webhooks"
        empty={t("webhooksEmpty")}
        hint={t("webhooksEmptyHint")}
        columns={columns()}
        rowKey={({ id }) => id}
        chosen={chosenId.value}
        onOpen={({ id }) => open(id)}
      />
    </FaceFrame>
  );
}

function columns(): readonly Column<Webhook>[] {
  return [
    { key: "name", title: t("webhookName"), kind: "code", cell: ({ name }) => <strong>{name}</strong> },
    { key: "state", title: t("webhookState"), cell: (webhook) => <State webhook={webhook} /> },
    { key: "area", title: t("area"), kind: "code", cell: ({ area_code }) => area_code },
    {
      key: "topics",
      title: t("webhookTopics"),
      kind: "long",
      cell: ({ topics }) => topics.map((topic) => word("topic", topic)).join(t("comma")),
    },
    { key: "waiting", title: word("delivery", "waiting"), kind: "number", cell: ({ waiting }) => number(waiting) },
    { key: "failed", title: word("delivery", "failed"), kind: "number", cell: ({ failed }) => number(failed) },
    {
      key: "taken",
      title: t("webhookTaken"),
      cell: ({ delivered_at }) => (delivered_at ? ago(delivered_at, nowTick.value) : ""),
    },
  ];
}

/** Full or hollow, and a word: never colour alone. */
function State({ webhook }: { webhook: Webhook }): JSX.Element {
  if (webhook.failures === 0) return <span>● {t("webhookFine")}</span>;
  const next = webhook.next_at ? moment(webhook.next_at, nowTick.value) : t("webhookSoon");
  return <span class="bad">○ {t("webhookFails", { n: number(webhook.failures), next })}</span>;
}

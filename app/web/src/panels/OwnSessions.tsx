/** Where one's account is signed in: each place by itself, so that a desk left open is signed out from here. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { get, write } from "../api/client";
import type { components } from "../api/schema";
import type { Paged } from "../api/types";
import { t, word } from "../i18n";
import { deed } from "../state/deed";
import { resource } from "../state/resource";
import { session } from "../state/session";
import { nowTick } from "../state/store";
import { Confirm } from "../ui/Confirm";
import { Dialog } from "../ui/Dialog";
import { ago, moment } from "../ui/format";
import { Refused } from "../ui/Refused";
import { Failed, Skeleton } from "../ui/states";
import "../styles/face.css";

type OpenSession = components["schemas"]["OpenSession"];

const PATH = "/api/v1/sessions";
export const ownSessionsOpen = signal(false);
const deeds = deed();
const own = resource<Paged<OpenSession>>(() => {
  const user = session.value?.user;
  if (!ownSessionsOpen.value || user === undefined) return null;
  return { id: `own${user}|`, ask: (stop) => get<Paged<OpenSession>>(PATH, { user, limit: 500 }, stop) };
});

export function OwnSessionsDialog(): JSX.Element | null {
  if (!ownSessionsOpen.value) return null;
  const { data, error } = own.value.value;
  return (
    <Dialog title={t("ownSessions")} onClose={() => (ownSessionsOpen.value = false)}>
      {error && !data ? <Failed what="what_sessions" problem={error} retry={own.retry} /> : null}
      {!data && !error ? <Skeleton rows={3} /> : null}
      <ul class="entries">
        {data?.items.map((item) => (
          <Entry key={item.id} item={item} />
        ))}
      </ul>
      <Refused problem={deeds.problem.value} />
    </Dialog>
  );
}

function Entry({ item }: { item: OpenSession }): JSX.Element {
  const now = nowTick.value;
  return (
    <li>
      <span class="grow">
        <strong>{item.label ?? word("acts", item.role)}</strong>{" "}
        {item.own ? <span class="badge">{t("sessionOwn")}</span> : null}
        <br />
        <span class="soft tabular">
          {t("ownSessionTimes", { since: moment(item.since, now), seen: ago(item.seen_at, now) })}
        </span>
      </span>
      {item.own ? null : (
        <Confirm
          text={t("ownSessionEnd")}
          sure={t("sessionEndSure")}
          disabled={deeds.busy.value !== ""}
          onSure={() => void end(item.id)}
        />
      )}
    </li>
  );
}

async function end(id: number): Promise<void> {
  const done = await deeds.run("end", () => write<undefined>("DELETE", `${PATH}/${id}`));
  if (done) own.patch((page) => ({ ...page, items: page.items.filter((item) => item.id !== id) }));
}

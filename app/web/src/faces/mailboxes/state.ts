/** Mailboxes of desks: who is told by mail, what could not be sent, and what is done about it. */
import { computed, signal } from "@preact/signals";
import { get, write } from "../../api/client";
import type { components } from "../../api/schema";
import type { Paged } from "../../api/types";
import { deed } from "../../state/deed";
import { faceParam, setFaceParams } from "../../state/face";
import { pagedList } from "../../state/paged";
import { face } from "../../state/store";
import { withStepUp } from "../../ui/StepUp";

type Schemas = components["schemas"];
export type Mailbox = Schemas["DutyMailbox"];
export type Mail = Schemas["Mail"];
export type MailState = Schemas["MailState"];
type Mailboxes = Paged<Mailbox> & Pick<Schemas["DutyMailboxPage"], "is_mail_set_up">;

export const MAIL_STATES = ["failed", "waiting", "sent", "unneeded"] as const satisfies readonly MailState[];

const PATH = "/api/v1/duty_mailboxes";
const PAGE = 100;
/** No number begins with a dash. */
export const NEW = "-new";
const path = (id: number, rest = ""): string => `${PATH}/${id}${rest}`;

/** Whether the server has a mail server; null while that is not known. */
export const isMailSetUp = signal<boolean | null>(null);

export const mailboxes = pagedList<Mailbox>(() => {
  if (face.value !== "mailboxes") return null;
  return {
    id: "mailboxes|",
    ask: async (_, stop) => {
      const page = await get<Mailboxes>(PATH, {}, stop);
      isMailSetUp.value = page.is_mail_set_up;
      return page;
    },
  };
});

export const chosenId = computed(() => faceParam("sel"));
export const adding = computed(() => chosenId.value === NEW);
export const chosen = computed<Mailbox | null>(
  () => mailboxes.value.value.data?.items.find(({ id }) => String(id) === chosenId.value) ?? null,
);
/** Which mails are shown; those that failed first. */
export const wantedState = computed<MailState>(
  () => MAIL_STATES.find((state) => state === faceParam("state")) ?? "failed",
);

export const mails = pagedList<Mail>(() => {
  const id = chosen.value?.id;
  if (face.value !== "mailboxes" || id === undefined) return null;
  const query = { state: wantedState.value, limit: PAGE };
  return {
    id: `mails${id}${query.state}|`,
    ask: (cursor, stop) => get<Paged<Mail>>(path(id, "/mails"), { ...query, cursor }, stop),
  };
});

export const deeds = deed();
export type Done = "tested" | "resent";
/** what was asked for just now, and of how many mails; null for nothing said */
export const done = signal<{ readonly what: Done; readonly n: number } | null>(null);

export function open(id: string): void {
  deeds.forget();
  done.value = null;
  setFaceParams({ sel: id, state: "" });
}

export const look = (state: MailState): void => setFaceParams({ state });

export function refresh(): void {
  mailboxes.retry();
  mails.retry();
}

export async function put(callSign: string, mailbox: string): Promise<void> {
  await deeds.run("put", async () => {
    const made = await withStepUp(() => write<Mailbox>("PUT", PATH, { call_sign: callSign, mailbox }));
    mailboxes.retry();
    open(String(made.id));
  });
}

/** One mail that was given up, or all of them. */
export async function resend(id: number, mail: number | null): Promise<void> {
  await ask(id, "resent", () => write<Schemas["QueuedMail"]>("POST", path(id, "/resend"), { mail }));
}

export async function test(id: number): Promise<void> {
  await ask(id, "tested", () => write<Schemas["QueuedMail"]>("POST", path(id, "/test")));
}

async function ask(id: number, what: Done, send: () => Promise<Schemas["QueuedMail"]>): Promise<void> {
  done.value = null;
  await deeds.run(`${what}${id}`, async () => {
    const { queued } = await send();
    done.value = { what, n: queued };
    refresh();
  });
}

export async function remove(id: number): Promise<void> {
  const isGone = await deeds.run("remove", () => write("DELETE", path(id)));
  if (!isGone) return;
  open("");
  mailboxes.retry();
}

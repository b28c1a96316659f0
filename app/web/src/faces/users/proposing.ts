/** What waits for a second person: listed, confirmed, refused, taken back. */
import { signal } from "@preact/signals";
import { get, write } from "../../api/client";
import type { Paged } from "../../api/types";
import { deed } from "../../state/deed";
import { pagedList } from "../../state/paged";
import { resource } from "../../state/resource";
import { face } from "../../state/store";
import { withStepUp } from "../../ui/StepUp";
import { followed } from "./manychange";
import type { Confirmed, Proposal, ProposalDetail, ReleaseCode } from "./types";

const PATH = "/api/v1/proposals";
const PAGE = 100;

/** whether those that ended are shown instead of those that wait */
export const ended = signal(false);

export const proposals = pagedList<Proposal>(() => {
  if (face.value !== "users") return null;
  const query = { limit: PAGE, waiting: !ended.value };
  return {
    id: `proposals${query.waiting}|`,
    ask: (cursor, stop) => get<Paged<Proposal>>(PATH, { ...query, cursor }, stop),
  };
});

/** number of the one whose grants are shown; 0: none */
export const opened = signal(0);

export const lines = resource<ProposalDetail>(() => {
  if (face.value !== "users" || opened.value === 0) return null;
  return { id: `proposal${opened.value}|`, ask: (stop) => get<ProposalDetail>(`${PATH}/${opened.value}`, {}, stop) };
});

export const proposalDeeds = deed();

/** codes that were told just now; they are told once */
export const codes = signal<readonly ReleaseCode[]>([]);

/** Confirm as the second person, with a look at how far it is where it may take a while; true when it took effect. */
export async function confirm({ no, kind }: Pick<Proposal, "no" | "kind">): Promise<boolean> {
  const send = (query = ""): Promise<Confirmed> => write<Confirmed>("POST", `${PATH}/${no}/confirm${query}`);
  return proposalDeeds.run(`confirm${no}`, async () => {
    const act = kind === "sheet" ? () => followed((id) => send(`?change=${id}`)) : () => send();
    const confirmed = await withStepUp(act);
    codes.value = confirmed.codes;
    proposals.retry();
  });
}

export async function end(no: number, how: "refuse" | "withdraw"): Promise<boolean> {
  return proposalDeeds.run(`${how}${no}`, async () => {
    await write<Proposal>("POST", `${PATH}/${no}/${how}`);
    proposals.retry();
  });
}

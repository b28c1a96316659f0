/** What one admin proposed and another is to confirm, above the accounts; and the codes that come of it. */
import type { JSX } from "preact";
import { t, word, type TextKey } from "../../i18n";
import { nowTick } from "../../state/store";
import { Confirm } from "../../ui/Confirm";
import { Dialog } from "../../ui/Dialog";
import { moment, number } from "../../ui/format";
import { Refused } from "../../ui/Refused";
import { More } from "../../ui/PagedTable";
import { saveRows } from "../../ui/save";
import { Table } from "../../ui/Table";
import { codes, confirm, end, ended, lines, opened, proposalDeeds, proposals } from "./proposing";
import { ManyChange } from "./ManyChange";
import { areaName } from "./parts";
import { lookAgain } from "./state";
import type { Proposal, ReleaseCode } from "./types";

export function Proposals(): JSX.Element | null {
  const data = proposals.value.value.data;
  const items = data?.items ?? [];
  return (
    <section class="proposals" aria-label={t("proposals")}>
      <header class="line apart">
        <h2>{ended.value ? t("proposalsEnded") : t("proposalsN", { n: number(data?.total ?? 0) })}</h2>
        <button type="button" class="link" onClick={() => (ended.value = !ended.value)}>
          {t(ended.value ? "proposalsWaitingShow" : "proposalsEndedShow")}
        </button>
      </header>
      <Refused problem={proposalDeeds.problem.value} />
      {ended.value && data && items.length === 0 ? <p class="soft">{t("proposalsNoneEnded")}</p> : null}
      <ProposalList proposals={items} />
      <More list={proposals} />
      <Codes />
    </section>
  );
}

export function ProposalList({ proposals: shown }: { proposals: readonly Proposal[] }): JSX.Element | null {
  if (shown.length === 0) return null;
  return (
    <ul class="entries">
      {shown.map((proposal) => (
        <Row key={proposal.no} proposal={proposal} />
      ))}
    </ul>
  );
}

function Row({ proposal }: { proposal: Proposal }): JSX.Element {
  const waits = proposal.state === "waiting";
  const by = t("proposalBy", { who: proposal.proposed_by });
  const when = waits
    ? t("proposalUntil", { time: moment(proposal.expires_at, nowTick.value) })
    : `${word("proposalstate", proposal.state)} ${proposal.ended_by ?? ""}`;
  return (
    <li>
      <span class="grow">
        <strong>{what(proposal)}</strong>{" "}
        <span class="soft tabular">
          {by} · {when}
        </span>
        {proposal.known_to.length > 0 ? (
          <p class="soft">{t("proposalKnownTo", { who: proposal.known_to.join(t("comma")) })}</p>
        ) : null}
        {proposal.hindrance && !proposal.own ? <p class="soft">{word("hindrance", proposal.hindrance)}</p> : null}
        {proposal.kind === "sheet" ? <Lines no={proposal.no} /> : null}
      </span>
      {proposalDeeds.busy.value === `confirm${proposal.no}` ? <ManyChange /> : null}
      {waits ? <Deeds proposal={proposal} /> : null}
    </li>
  );
}

function Deeds({ proposal }: { proposal: Proposal }): JSX.Element {
  const busy = proposalDeeds.busy.value !== "";
  const { no } = proposal;
  const after = async (done: Promise<boolean>): Promise<void> => {
    if (await done) lookAgain();
  };
  if (proposal.own) {
    return (
      <Confirm
        text={t("proposalWithdraw")}
        sure={t("proposalWithdrawSure")}
        disabled={busy}
        onSure={() => void after(end(no, "withdraw"))}
      />
    );
  }
  return (
    <span class="line">
      {proposal.hindrance === null ? (
        <Confirm
          text={t("proposalConfirm")}
          sure={t("proposalSure")}
          disabled={busy}
          onSure={() => void after(confirm(proposal))}
        />
      ) : null}
      <Confirm
        text={t("proposalRefuse")}
        sure={t("proposalRefuseSure")}
        disabled={busy}
        onSure={() => void after(end(no, "refuse"))}
      />
    </span>
  );
}

function Lines({ no }: { no: number }): JSX.Element {
  const shown = lines.value.value.data;
  return (
    <details
      onToggle={(event) => {
        if (event.currentTarget.open) opened.value = no;
      }}
    >
      <summary class="link soft">{t("proposalShow")}</summary>
      {shown?.no === no ? (
        <ul>
          {shown.lines.map((line) => (
            <li key={`${line.account} ${line.role} ${line.area}`} class="tabular">
              {line.account} · {word("acts", line.role)} · {line.area}
            </li>
          ))}
        </ul>
      ) : null}
    </details>
  );
}

function what(proposal: Proposal): string {
  const key: TextKey = `proposal_${proposal.kind}`;
  const grant = proposal.role ? `${word("acts", proposal.role)} · ${areaName(proposal.area)}` : "";
  return t(key, { account: proposal.account ?? "", grant, n: number(proposal.grants) });
}

/** Told once: closing it forgets them. */
function Codes(): JSX.Element | null {
  const told = codes.value;
  if (told.length === 0) return null;
  const save = (): void =>
    saveRows(
      "release-codes.csv",
      ["account", "code"],
      told.map(({ account, code }) => [account, code]),
    );
  return (
    <Dialog title={t("releaseCodes")} onClose={() => (codes.value = [])}>
      <p>{t("releaseCodesWhy")}</p>
      <Table<ReleaseCode>
        label={t("releaseCodes")}
        rows={told}
        rowKey={({ account }) => account}
        columns={[
          { key: "account", title: t("userName"), kind: "code", cell: ({ account }) => account },
          { key: "code", title: t("releaseCode"), kind: "code", cell: ({ code }) => code },
        ]}
      />
      <div class="form-actions">
        <button type="button" class="button" onClick={save}>
          {t("releaseCodesSave")}
        </button>
      </div>
    </Dialog>
  );
}

/** Which rows of the audit are asked for, from what stands in the address. Pure. */
import type { components } from "../../api/schema";
import { isAreaCode } from "../../state/codes";
import { fromLocalInput } from "../../ui/format";

type AuditKind = components["schemas"]["AuditKind"];

export const KINDS = [
  "reveal",
  "export",
  "contact_changed",
  "contact_erased",
  "contact_key_changed",
  "photo_erased",
  "text_erased",
  "grant_added",
  "grant_revoked",
  "account_added",
  "account_disabled",
  "account_enabled",
  "account_linked",
  "account_unlinked",
  "password_changed",
  "account_released",
  "second_factor_added",
  "second_factor_removed",
  "recovery_codes_made",
  "recovery_code_used",
  "proposal_made",
  "proposal_confirmed",
  "proposal_refused",
  "proposal_withdrawn",
  "sessions_ended",
  "standard_published",
  "working_days_taken",
  "plan_approved",
  "plan_published",
  "key_added",
  "key_revoked",
  "key_used",
  "webhook_added",
  "webhook_removed",
  "webhook_resent",
  "duty_mailbox_set",
  "duty_mailbox_removed",
  "duty_mail_resent",
  "duty_mail_tested",
] as const satisfies readonly AuditKind[];

const DAY_MS = 86_400_000;

export interface AuditFilter {
  readonly kind: string;
  readonly area: string;
  /** first and last day, local, yyyy-mm-dd */
  readonly from: string;
  readonly to: string;
}

export interface AuditQuery {
  readonly kind: string | undefined;
  readonly area: number | undefined;
  readonly since: string | undefined;
  readonly until: string | undefined;
}

/** Days as instants: from the beginning of the first to the end of the last. What is broken falls away. */
export function auditQuery({ kind, area, from, to }: AuditFilter): AuditQuery {
  const begin = fromLocalInput(`${from}T00:00`);
  const last = fromLocalInput(`${to}T00:00`);
  const end = last === null ? null : last + DAY_MS;
  const ordered = begin === null || end === null || begin < end;
  return {
    kind: KINDS.find((known) => known === kind),
    area: isAreaCode(Number(area)) ? Number(area) : undefined,
    since: begin === null ? undefined : new Date(begin).toISOString(),
    until: end === null || !ordered ? undefined : new Date(end).toISOString(),
  };
}

/** The audit: which rows are asked for, by what stands in the address, and how the chain stands. */
import { get } from "../../api/client";
import type { components } from "../../api/schema";
import type { Paged } from "../../api/types";
import { isAreaCode } from "../../state/codes";
import { faceParam } from "../../state/face";
import { pagedList } from "../../state/paged";
import { resource } from "../../state/resource";
import { face } from "../../state/store";
import { fromLocalInput } from "../../ui/format";

type Schemas = components["schemas"];
export type AuditEntry = Schemas["AuditEntry"];
export type AuditKind = Schemas["AuditKind"];
type AuditChain = Schemas["AuditChain"];

export const KINDS = [
  "reveal", "export", "contact_changed", "contact_erased", "contact_key_changed", "photo_erased", "text_erased",
  "grant_added", "grant_revoked", "account_added", "account_disabled", "account_enabled", "password_changed",
  "sessions_ended", "standard_published", "key_added", "key_revoked",
] as const satisfies readonly AuditKind[];

const PAGE = 100;
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

export const auditFilter = (): AuditFilter => ({
  kind: faceParam("kind"), area: faceParam("area"), from: faceParam("from"), to: faceParam("to"),
});

export const rows = pagedList<AuditEntry>(() => {
  if (face.value !== "audit") return null;
  const query = { ...auditQuery(auditFilter()), limit: PAGE };
  return {
    id: `audit|${JSON.stringify(query)}`,
    ask: (cursor, stop) => get<Paged<AuditEntry>>("/api/v1/audit", { ...query, cursor }, stop),
  };
});

export const chain = resource<AuditChain>(() => {
  if (face.value !== "audit") return null;
  // Asked again with the rows, so that both tell of the same moment.
  return { id: `chain|${rows.value.value.at}`, ask: (stop) => get<AuditChain>("/api/v1/audit/chain", {}, stop) };
});

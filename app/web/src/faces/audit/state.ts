/** The audit: which rows are asked for, by what stands in the address, and how the chain stands. */
import { get } from "../../api/client";
import type { components } from "../../api/schema";
import type { Paged } from "../../api/types";
import { faceParam } from "../../state/face";
import { pagedList } from "../../state/paged";
import { resource } from "../../state/resource";
import { face } from "../../state/store";
import { auditQuery, type AuditFilter } from "./filter";

type Schemas = components["schemas"];
export type AuditEntry = Schemas["AuditEntry"];
type AuditChain = Schemas["AuditChain"];

const PAGE = 100;
export const auditFilter = (): AuditFilter => ({
  kind: faceParam("kind"),
  area: faceParam("area"),
  from: faceParam("from"),
  to: faceParam("to"),
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

/** What the paths of users and grants give. */
import type { components } from "../../api/schema";

export type User = components["schemas"]["User"];
export type OpenSession = components["schemas"]["OpenSession"];
export type Proposal = components["schemas"]["Proposal"];
export type ProposalDetail = components["schemas"]["ProposalDetail"];
export type Confirmed = components["schemas"]["Confirmed"];
export type ReleaseCode = components["schemas"]["ReleaseCode"];
export type SheetReport = components["schemas"]["SheetReport"];
export type SheetRow = components["schemas"]["SheetRow"];
export type ChangeState = components["schemas"]["ChangeState"];
export type SheetKind = SheetReport["what"];
export type Role = User["grants"][number]["role"];

export const ROLES = [
  "city_admin",
  "duty_officer",
  "dispatcher",
  "planner",
  "grid_worker",
  "responder",
  "auditor",
  "wall_display",
] as const satisfies readonly Role[];

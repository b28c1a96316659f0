/** What the paths that only the panels ask give. */
import type { components } from "../../../api/schema";
import type { Shape } from "./rings";

type Schemas = components["schemas"];
export type PlansPage = Schemas["PlanList"];
export type PlanMeasures = Schemas["PlanMeasures"];
export type PlanProblems = Schemas["PlanProblems"];
export type PlanProblem = Schemas["PlanProblem"];
export type PlanFault = Schemas["FaultFound"];
export type PlanLog = Schemas["PlanLog"];
export type LogStep = Schemas["PlanStepEntry"];
export type LogEdit = Schemas["PlanEditEntry"];
export type PlanComment = Schemas["PlanRemark"];
export type Comparison = Schemas["Comparison"];
export type Job = Schemas["PlanJobRow"];
export type JobKind = Job["kind"];
export type NewJob = Pick<Schemas["NewPlanJob"], "kind"> & Partial<Schemas["NewPlanJob"]>;
export type StaffingEffect = Schemas["PlanStaffing"];
export type StaffingRule = Schemas["RuleEffect"];
export type SeamMove = Schemas["SeamMove"];
export type Seam = Omit<Schemas["SeamFound"], "geometry"> & { readonly geometry: Shape };
export type PlanSeams = Omit<Schemas["PlanSeams"], "seams"> & { readonly seams: readonly Seam[] };

export interface ImportFeature {
  readonly properties: { readonly kind: string; readonly area_m2: number; readonly cells: readonly number[] };
  readonly geometry: Shape;
}
export type ImportReport = Omit<Schemas["ImportReport"], "features"> & {
  readonly features: { readonly features: readonly ImportFeature[] };
};
export type ImportAnswer = Omit<Schemas["ImportAnswer"], "report"> & { readonly report: ImportReport };

/** What the 409 of a plan that is behind tells of a unit; null: it is not there at that time. */
export interface Difference {
  readonly unit_id: number;
  readonly base_cell: number | null;
  readonly current_cell: number | null;
  readonly plan_cell: number | null;
}

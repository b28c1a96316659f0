/** What the paths of planning give. Map side and panels share these. */
import type { components } from "../../api/schema";

type Schemas = components["schemas"];
export type PlanRow = Schemas["PlanRow"];
export type Plan = Schemas["Plan"];
export type PlanState = PlanRow["state"];
export type PlanStepName = Plan["allowed"][number];
/** What publishing did. */
export type Effects = Schemas["Effects"];
/** What makes work, each weight in households. */
export type Model = Schemas["WorkModel"];
export type Counting = Model["incidents"];
/** A figure without a unit is a share, 0..1. */
export type Measures = Schemas["Measures"];
export type Fault = Schemas["FaultFound"];

export const PLAN_STATES = [
  "draft",
  "in_review",
  "approved",
  "published",
  "withdrawn",
] as const satisfies readonly PlanState[];
export const COUNTINGS = ["listed", "counted", "forecast"] as const satisfies readonly Counting[];

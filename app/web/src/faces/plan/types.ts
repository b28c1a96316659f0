/** What the paths of planning give. Map side and panels share these. */

export const PLAN_STATES = ["draft", "in_review", "approved", "published", "withdrawn"] as const;
export type PlanState = (typeof PLAN_STATES)[number];
export type PlanStepName = "submit" | "send_back" | "approve" | "publish" | "withdraw";

export interface PlanRow {
  readonly id: number;
  readonly title: string;
  readonly note: string;
  readonly area_code: number;
  readonly area_name: string;
  readonly parent_id: number | null;
  readonly base_at: string;
  readonly state: PlanState;
  readonly revision: number;
  readonly author: string;
  /** who drew on it; none of them approves it */
  readonly editors: readonly string[];
  readonly publish_on: string | null;
  readonly created_at: string;
  readonly changed_at: string;
  readonly published_at: string | null;
  readonly boundary_version: number | null;
  readonly moved_units: number;
}

/** What publishing did. */
export interface Effects {
  readonly changed_cells: readonly number[];
  readonly new_cells: readonly number[];
  readonly dissolved_cells: readonly number[];
  readonly needs_worker: readonly number[];
  readonly freed_units: readonly string[];
  readonly open_cases: number;
}

export interface Plan extends PlanRow {
  readonly locks: readonly number[];
  /** steps that this account may take now */
  readonly allowed: readonly PlanStepName[];
  readonly editable: boolean;
  /** the boundaries that it touches have changed since it was begun */
  readonly behind: boolean;
  readonly effects: Effects | null;
  readonly model: Model;
  readonly can_undo: boolean;
  readonly can_redo: boolean;
}

export const COUNTINGS = ["listed", "counted", "forecast"] as const;
export type Counting = (typeof COUNTINGS)[number];

/** What makes work, each weight in households. */
export interface Model {
  readonly household: number;
  /** one case a year of every group that has no weight of its own */
  readonly incident: number;
  /** by the first two digits of the category */
  readonly incident_by_group: Readonly<Record<string, number>>;
  readonly per_km2: number;
  readonly per_street_km: number;
  readonly incidents: Counting;
  readonly period_days: number;
}

/** A figure without a unit is a share, 0..1. */
export interface Measures {
  readonly cells: number;
  readonly within_10: number;
  readonly within_15: number;
  readonly within_20: number;
  readonly largest_over_mean: number;
  readonly variation: number;
  readonly compactness: number;
  readonly broken: number;
  readonly moved: number;
  readonly touched: number;
  readonly on_street: number;
}

export interface Fault {
  readonly rule: string;
  readonly detail: string;
  readonly cells: readonly number[];
  readonly units: readonly number[];
}

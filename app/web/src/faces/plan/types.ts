/** What the paths of planning give. Map side and panels share these. */

export const PLAN_STATES = ["draft", "in_review", "approved", "published", "withdrawn"] as const;
export type PlanState = (typeof PLAN_STATES)[number];
export type PlanStepName = "submit" | "send_back" | "approve" | "publish" | "withdraw";

export interface PlanRow {
  readonly id: number;
  readonly title: string;
  readonly note: string;
  readonly area_code: number;
  readonly parent_id: number | null;
  readonly base_at: string;
  readonly state: PlanState;
  readonly revision: number;
  readonly author: string;
  readonly publish_on: string | null;
  readonly created_at: string;
  readonly changed_at: string;
  readonly published_at: string | null;
}

export interface Plan extends PlanRow {
  readonly locks: readonly number[];
  /** steps that this account may take now */
  readonly allowed: readonly PlanStepName[];
  readonly model: Model;
  readonly can_undo: boolean;
  readonly can_redo: boolean;
}

/** The workload model as it is kept with a plan. */
export type Model = Readonly<Record<string, unknown>>;

export interface Measures {
  readonly cells: number;
  readonly within_10: number;
  readonly within_15: number;
  readonly within_20: number;
  readonly max_over_mean: number;
  readonly cv: number;
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

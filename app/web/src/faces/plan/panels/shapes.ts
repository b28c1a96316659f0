/** What the paths that only the panels ask give. */
import type { Fault, Measures, PlanRow } from "../types";
import type { Shape } from "./rings";

export interface PlansPage {
  readonly plans: readonly PlanRow[];
  readonly next: string | null;
}

export interface PlanMeasures {
  readonly area_code: number;
  readonly today: Measures;
  readonly draft: Measures;
  /** edges of the classes of deviation, one more than there are counts */
  readonly bins: readonly number[];
  readonly today_counts: readonly number[];
  readonly draft_counts: readonly number[];
  readonly revision: number;
}

export interface Difference {
  readonly unit_id: number;
  readonly base_cell: number | null;
  readonly current_cell: number | null;
  readonly plan_cell: number | null;
}

export type PlanFault = Fault;

export interface LogStep {
  readonly no: number;
  readonly at: string;
  readonly account: string;
  readonly step: string;
  readonly state: string;
  readonly reason: string;
}

export interface LogEdit {
  readonly no: number;
  readonly at: string;
  readonly account: string;
  readonly kind: string;
  readonly note: string;
  readonly units: number;
  readonly undone: boolean;
}

export interface PlanLog {
  readonly steps: readonly LogStep[];
  readonly edits: readonly LogEdit[];
}

export interface PlanComment {
  readonly id: number;
  readonly area_code: number;
  readonly lon: number;
  readonly lat: number;
  readonly text: string;
  readonly account: string;
  readonly at: string;
  readonly resolved_at: string | null;
}

export interface Comparison {
  readonly mine: Measures;
  readonly other: Measures;
  readonly unit_id: readonly number[];
  readonly mine_cell: readonly number[];
  readonly other_cell: readonly number[];
  readonly households: readonly number[];
  readonly cells: readonly number[];
}

export const JOB_KINDS = ["balance", "replay", "forecast"] as const;
export type JobKind = (typeof JOB_KINDS)[number];
export type JobState = "waiting" | "running" | "done" | "failed" | "cancelled";

export interface Job {
  readonly id: number;
  readonly kind: JobKind;
  readonly params: Readonly<Record<string, unknown>>;
  readonly state: JobState;
  readonly done: number;
  readonly total: number;
  readonly objective: number | null;
  readonly estimate_s: number;
  readonly message: string;
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly account: string;
  readonly asked_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly cancel_asked: boolean;
}

export interface StaffingEffect {
  readonly new_cells: readonly number[];
  readonly dissolved_cells: readonly number[];
  readonly needs_worker: readonly number[];
  readonly freed_units: readonly FreedUnit[];
  readonly rules: readonly StaffingRule[];
}

/** A unit whose assignment would end with a dissolved cell. */
export interface FreedUnit {
  readonly call_sign: string;
  readonly role: string;
  readonly area_code: number;
  readonly duty: string;
  /** whether it would be left without any assignment */
  readonly idle: boolean;
}

/** A community that the plan changes, and its staffing rule. */
export interface StaffingRule {
  readonly community_code: number;
  readonly cells_today: number;
  readonly cells_draft: number;
  readonly rule: string;
  readonly required: Readonly<Record<string, number>>;
  readonly present: Readonly<Record<string, number>>;
  readonly ok: boolean;
}

export interface PlanProblem {
  readonly kind: "fault" | "beyond_20" | "beyond_15";
  readonly rule: string | null;
  readonly detail: string;
  readonly cells: readonly number[];
  readonly units: readonly number[];
  readonly lon: number;
  readonly lat: number;
  readonly deviation: number | null;
}

export interface PlanProblems {
  readonly problems: readonly PlanProblem[];
  readonly total: number;
  readonly faults: number;
}

/** A value and the interval in which it would lie in other years of such weeks. */
export interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface ReplayFigures {
  readonly spread: Figure;
  readonly far_off: Figure;
  readonly late: Figure;
  readonly wait_h: Figure;
  readonly way_m: Figure;
}

export interface ReplayResult {
  readonly weeks: number;
  readonly cases: number;
  readonly with_deadline: number;
  readonly late_today: number;
  readonly late_draft: number;
  readonly today: ReplayFigures;
  readonly draft: ReplayFigures;
  readonly change: ReplayFigures;
  readonly spread_by_week_today: readonly number[];
  readonly spread_by_week_draft: readonly number[];
}

export interface ForecastErrors {
  readonly mean_abs: number;
  readonly naive_mean_abs: number;
  readonly rms: number;
  readonly naive_rms: number;
  readonly covered: number;
  readonly promised: number;
}

export interface ForecastResult {
  readonly fitted_weeks: number;
  readonly held_weeks: number;
  readonly expected: number;
  readonly came: number;
  readonly unit: ForecastErrors;
  readonly cell: ForecastErrors;
}

export interface ImportFeature {
  readonly properties: { readonly kind: string; readonly area_m2: number; readonly cells: readonly number[] };
  readonly geometry: Shape;
}

export interface RefusedRow {
  readonly row: number;
  readonly field: string;
  readonly reason: string;
}

export interface ImportReport {
  readonly format: string;
  readonly rows: number;
  readonly units: number;
  readonly matched: number;
  readonly left_out: number;
  readonly elsewhere: number;
  readonly moved: number;
  readonly gaps: number;
  readonly overlaps: number;
  readonly slivers: number;
  readonly foreign: number;
  readonly outside: number;
  readonly refused: number;
  readonly refused_rows: readonly RefusedRow[];
  readonly faults: readonly PlanFault[];
  readonly features: { readonly features: readonly ImportFeature[] };
  readonly repaired: boolean;
}

export interface ImportAnswer {
  readonly plan_id: number | null;
  readonly report: ImportReport;
}

export interface SeamMove {
  readonly giver: number;
  readonly taker: number;
  readonly unit_ids: readonly number[];
  readonly households: number;
}

/** A border across which cases are sent back and forth. */
export interface Seam {
  readonly one: number;
  readonly other: number;
  readonly length_m: number;
  readonly cases: number;
  readonly returned: number;
  readonly rate: number;
  readonly lower: number;
  readonly times: number;
  readonly avoided: boolean;
  readonly redrawn: boolean;
  readonly move: SeamMove | null;
  readonly geometry: Shape;
}

export interface PlanSeams {
  readonly area_code: number;
  readonly usual: number;
  readonly least_cases: number;
  readonly total: number;
  readonly seams: readonly Seam[];
}

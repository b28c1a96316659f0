/** What jobs leave behind; the API's document knows them as objects only. A figure without a unit is a share. */

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
  /** of the plan that was played */
  readonly revision: number;
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

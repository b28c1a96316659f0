/** What the paths of anti-fraud warnings give. */
import type { NextStep } from "../../api/cases";
import type { ChainLink } from "../../api/types";

export const STATES = ["dispatched", "called", "departed", "arrived", "concluded"] as const;
export type WarningState = (typeof STATES)[number];
/** From near to far: who must act. */
export const RUNGS = ["police_station", "sub_centre", "city_centre"] as const;
export type Rung = (typeof RUNGS)[number];
export const OUTCOMES = ["dissuaded", "not_dissuaded", "not_found", "false_alarm"] as const;

export interface Warning {
  readonly id: string;
  readonly version: number;
  /** of the case */
  readonly no: number;
  readonly category: string;
  readonly category_name_zh: string;
  readonly category_name_en: string;
  readonly risk: number;
  readonly state: WarningState;
  readonly level: Rung;
  readonly station: { readonly name: string } | null;
  readonly dispatched_at: string;
  readonly visit_due_at: string;
  /** when the timer stopped; null while it runs */
  readonly visited_at: string | null;
  readonly climbs: readonly { readonly at: string; readonly to: Rung }[];
  readonly lon: number;
  readonly lat: number;
  readonly location_uncertainty_m: number;
  readonly chain: readonly ChainLink[];
  readonly next_steps: readonly NextStep[];
  readonly timeline: readonly { readonly at: string; readonly step: string; readonly outcome: string | null; readonly role: string | null }[];
}

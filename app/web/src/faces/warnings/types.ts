/** What the paths of anti-fraud warnings give. */
import type { components } from "../../api/schema";

export type Warning = components["schemas"]["Warning"];
export type WarningState = Warning["state"];
/** Who must act. */
export type Rung = Warning["level"];

export const STATES = [
  "dispatched",
  "called",
  "departed",
  "arrived",
  "concluded",
] as const satisfies readonly WarningState[];
/** From near to far. */
export const RUNGS = ["police_station", "sub_centre", "city_centre"] as const satisfies readonly Rung[];
export const OUTCOMES = ["dissuaded", "not_dissuaded", "not_found", "false_alarm"] as const;

/** What the paths of joint mediation give. */
import type { components } from "../../api/schema";

type Schemas = components["schemas"];
export type Mediation = Schemas["Mediation"];
export type MediationState = Mediation["state"];
export type Participant = Schemas["Participant"];
export type Answer = Participant["answer"];
export type Agreement = Schemas["AgreementMade"];
export type Opening = Schemas["MeetingTime"];
export type Room = Schemas["Room"];
export type Act = Mediation["next"][number];

export const STATES = [
  "called",
  "scheduled",
  "met",
  "concluded",
  "performed",
  "followed_up",
  "cancelled",
] as const satisfies readonly MediationState[];
export const ANSWERS = ["accepted", "declined"] as const satisfies readonly Answer[];
export const OUTCOMES = [
  "mediated",
  "not_mediated",
  "withdrawn",
  "to_court",
  "to_petition",
  "to_administration",
] as const;
export const PERFORMANCES = ["none", "partly", "fully"] as const satisfies readonly Agreement["performance"][];
export const SATISFACTIONS = ["satisfied", "neutral", "dissatisfied", "not_reached"] as const;
/** Who sits at the table, in the order in which they are called. */
export const TABLE_ROLES = ["officer", "legal_adviser", "mediator", "grid_worker"] as const;

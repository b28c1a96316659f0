/** What the paths of joint mediation give. */
import type { ChainLink } from "../../api/types";

export const STATES = ["called", "scheduled", "met", "concluded", "performed", "followed_up", "cancelled"] as const;
export type MediationState = (typeof STATES)[number];
export const ANSWERS = ["accepted", "declined"] as const;
export type Answer = "asked" | (typeof ANSWERS)[number];
export const OUTCOMES = ["mediated", "not_mediated", "withdrawn", "to_court", "to_petition", "to_administration"] as const;
export const PERFORMANCES = ["none", "partly", "fully"] as const;
export const SATISFACTIONS = ["satisfied", "neutral", "dissatisfied", "not_reached"] as const;
/** Who sits at the table, in the order in which they are called. */
export const TABLE_ROLES = ["officer", "legal_adviser", "mediator", "grid_worker"] as const;

export interface Participant {
  readonly unit_id: number;
  readonly call_sign: string;
  readonly role: string;
  readonly station: { readonly name: string } | null;
  readonly answer: Answer;
}

export interface Room {
  readonly id: number;
  readonly name: string;
  readonly seats: number;
  readonly station: { readonly name: string };
}

export interface Opening {
  readonly starts_at: string;
  readonly ends_at: string;
  readonly room: Room;
}

export interface Agreement {
  readonly terms: string;
  readonly amount_yuan: number | null;
  readonly due_on: string | null;
  readonly performance: (typeof PERFORMANCES)[number];
  readonly performed_at: string | null;
}

export interface Mediation {
  readonly id: string;
  readonly version: number;
  readonly state: MediationState;
  readonly incident: {
    readonly id: string;
    readonly no: number;
    readonly title: string;
    readonly category: string;
    readonly status: string;
    readonly chain: readonly ChainLink[];
  };
  readonly participants: readonly Participant[];
  readonly meeting: Opening | null;
  readonly outcome: string | null;
  readonly agreement: Agreement | null;
  readonly satisfaction: string | null;
  readonly history: readonly { readonly at: string; readonly what: string; readonly by_role: string | null; readonly unit: string | null; readonly reason: string | null }[];
  /** what may be done now */
  readonly next: readonly string[];
}

/** What the paths of users and grants give. */
import type { Grant } from "../../state/session";

export interface User {
  readonly name: string;
  readonly demo: boolean;
  readonly disabled: boolean;
  readonly created_at: string;
  readonly last_seen_at: string | null;
  readonly grants: readonly Grant[];
  /** how many run now */
  readonly sessions: number;
}

export const ROLES = [
  "city_admin", "duty_officer", "dispatcher", "planner", "grid_worker", "responder", "auditor", "wall_display",
] as const;
export type Role = (typeof ROLES)[number];

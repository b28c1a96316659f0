/** How the workbench's map is doing. */
import { signal } from "@preact/signals";
import type { Problem } from "../../../api/problem";
import type { MapPlace } from "../../../state/url";

export const loadingTiles = signal(false);
export const tileError = signal<Problem | null>(null);

/** What the map shows just now, at every step of a pan; null before it stands. */
export const shownPlace = signal<MapPlace | null>(null);

export interface PlanTip {
  /** px in the map's container */
  readonly x: number;
  readonly y: number;
  readonly cell: number;
  /** index of the edited community's unit; null elsewhere */
  readonly unit: number | null;
}
export const planTip = signal<PlanTip | null>(null);

/** What the paths of planning give to the map and the bench. Deviations are shares: 0.15 is 15 %. */
import type { Fault } from "../types";

/** Every cell of an area of a plan, column by column. */
export interface CellColumns {
  readonly code: readonly number[];
  readonly name: readonly string[];
  readonly community_code: readonly number[];
  /** null for cells that do not exist today */
  readonly load_today: readonly (number | null)[];
  readonly load: readonly number[];
  readonly deviation_today: readonly (number | null)[];
  readonly deviation: readonly number[];
  readonly households: readonly number[];
  readonly incidents: readonly number[];
  readonly area_m2: readonly number[];
  readonly compactness: readonly number[];
  readonly pieces: readonly number[];
  readonly units: readonly number[];
  readonly free: readonly boolean[];
  readonly changed: readonly boolean[];
}

export interface PlanProblem {
  readonly kind: string;
  readonly rule?: string | null;
  readonly detail: string;
  readonly cells: readonly number[];
  readonly units: readonly number[];
  readonly lon: number | null;
  readonly lat: number | null;
  readonly deviation?: number | null;
}

export interface MoveColumns {
  readonly unit_id: readonly number[];
  /** its cell in the base */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly households: readonly number[];
}

export type LonLat = readonly [number, number];

export interface BenchCell {
  readonly code: number;
  readonly name: string;
  readonly kind: string;
  readonly locked: boolean;
  /** it exists in the boundaries in force */
  readonly today: boolean;
}

export interface BenchUnit {
  readonly unit_id: number;
  /** its cell in the draft */
  readonly cell: number;
  /** its cell in the base */
  readonly today: number;
  readonly households: number;
  readonly incidents: number;
  readonly load: number;
  readonly locked: boolean;
  readonly area_m2: number;
  readonly rim_m: number;
  readonly rings: readonly (readonly LonLat[])[];
}

/** One community as it is edited. */
export interface Bench {
  readonly code: number;
  readonly name: string;
  readonly revision: number;
  readonly mean_load: number;
  readonly cells: readonly BenchCell[];
  readonly dissolved: readonly number[];
  readonly units: readonly BenchUnit[];
  /** one, other (indices into `units`), length_m, on a street, passable */
  readonly borders: readonly (readonly [number, number, number, boolean, boolean])[];
}

export type EditKind = "move" | "split" | "join" | "mend" | "reset";

export interface EditAsked {
  readonly kind: EditKind;
  readonly moves?: readonly { readonly unit_id: number; readonly cell_code: number }[];
  readonly cell_code?: number;
  readonly into?: number;
  readonly area_code?: number;
  readonly note?: string;
}

export interface EditAnswer {
  readonly no: number;
  readonly revision: number;
  readonly moves: readonly { readonly unit_id: number; readonly before: number; readonly after: number }[];
  readonly faults: readonly Fault[];
}

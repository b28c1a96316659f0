/** What the path of a street's report gives. */
import type { Shape } from "../panels/rings";
import type { Measures, Plan } from "../types";

export interface Outline {
  readonly code: number;
  readonly changed: boolean;
  readonly geometry: Shape;
}

/** Units of one cell that go to another. */
export interface Passage {
  readonly before: number;
  readonly after: number;
  readonly units: number;
  readonly households: number;
}

export interface StreetReport {
  readonly plan: Pick<Plan, "title" | "state" | "author" | "base_at" | "publish_on" | "published_at" | "area_code">;
  readonly code: number;
  readonly name: string;
  readonly today: Measures;
  readonly draft: Measures;
  readonly outlines_today: readonly Outline[];
  readonly outlines_draft: readonly Outline[];
  readonly passages: readonly Passage[];
}

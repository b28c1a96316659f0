/** What the path of a street's report gives. */
import type { Measures } from "../types";

export interface OutlineFeature {
  readonly properties: { readonly kind: "today" | "draft"; readonly code: number; readonly changed?: boolean };
  readonly geometry: { readonly type: "Polygon" | "MultiPolygon"; readonly coordinates: unknown };
}

export interface StreetReport {
  readonly code: number;
  readonly name: string;
  readonly today: Measures;
  readonly draft: Measures;
  readonly outlines: { readonly features: readonly OutlineFeature[] };
}

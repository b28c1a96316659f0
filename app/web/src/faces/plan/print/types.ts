/** What the path of a street's report gives. */
import type { components } from "../../../api/schema";
import type { Shape } from "../panels/rings";

type Schemas = components["schemas"];
/** Units of one cell that go to another. */
export type Passage = Schemas["Passage"];
export type Outline = Omit<Schemas["Outline"], "geometry"> & { readonly geometry: Shape };
export type StreetReport = Omit<Schemas["StreetReport"], "outlines_today" | "outlines_draft"> & {
  readonly outlines_today: readonly Outline[];
  readonly outlines_draft: readonly Outline[];
};

/** What the paths of planning give to the map and the bench. Deviations are shares: 0.15 is 15 %. */
import type { components } from "../../../api/schema";

type Schemas = components["schemas"];

/** Every cell of an area of a plan, column by column. */
export type CellColumns = Schemas["PlanCells"];
/** The units that a plan moves, column by column. */
export type MoveColumns = Schemas["PlanMoves"];
/** One community as it is edited. */
export type Bench = Schemas["Bench"];
export type BenchUnit = Schemas["BenchUnit"];
export type EditAnswer = Schemas["EditAnswer"];

/** A change that is asked for: the API's, with what is left out left out. */
export type EditAsked = Pick<Schemas["NewEdit"], "kind"> & Partial<Schemas["NewEdit"]>;

/** What the paths of the filing standard give. */
import type { components } from "../../api/schema";

type Schemas = components["schemas"];
export type Line = Schemas["StandardLineBody"];
export type FilingStandard = Schemas["FilingStandard"];
export type Preview = Schemas["StandardPreview"];
/** Limits as text: "" for none, null for a code that is not in that standard. */
export type ChangedLimit = Schemas["ChangedLimit"];
export type ChangedCase = Schemas["ChangedCase"];

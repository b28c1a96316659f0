/** The shapes the server answers with: from its OpenAPI (`npm run api`), under the names the page uses. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Level = Schemas["Area"]["level"];
export type Stage = Schemas["Stage"];
export type Measure = "reported" | "density" | "open";

export interface Paged<T> {
  total: number;
  /** false: there are more than `total`; left out where a list is always counted to its end */
  total_is_exact?: boolean;
  items: T[];
  next: string | null;
}

export type City = Schemas["City"];
export type ChainLink = Schemas["ChainLink"];
export type Area = Schemas["Area"];
export type AreaDetail = Schemas["AreaCard"];
export type Assigned = Schemas["Assigned"];
export type Staffing = Schemas["Staffing"];
export type Station = Schemas["Station"];
export type TimelineStep = Schemas["TimelineStep"];
/** The list's form; the stream leaves `description` out. */
export type Incident = Omit<Schemas["Incident"], "description"> & { description?: string };
export type IncidentDetail = Schemas["IncidentDetail"];
export type NewIncident = Schemas["NewIncident"];
export type Counts = Schemas["Counts"];
export type Histogram = Schemas["Histogram"];
export type HeatLegend = Schemas["HeatLegend"];
export type Figures = Schemas["Figures"];
export type FiguresPart = Schemas["Part"];
export type Category = Schemas["CategoryLine"];

export type AddressHit = Schemas["Candidate"];
export type ReverseHit = Schemas["Whereabouts"];

/** GeoJSON answers outside of the OpenAPI's models. */
export interface LineFeature {
  properties: { kind: string; name: string };
  geometry:
    | { type: "LineString"; coordinates: [number, number][] }
    | { type: "MultiLineString"; coordinates: [number, number][][] }
    | { type: "Point"; coordinates: [number, number] };
}

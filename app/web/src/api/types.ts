/** The shapes the server answers with: from its OpenAPI (`npm run api`), under the names the page uses. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Level = Schemas["Area"]["level"];
export type Stage = Schemas["Stage"];
export type Measure = "reported" | "density" | "open";

export interface Paged<T> {
  total: number;
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
export type Category = Schemas["CategoryLine"];

export type AddressHit = Schemas["Candidate"];
export type ReverseHit = Schemas["Whereabouts"];

/** Heat and GeoJSON answer outside of the OpenAPI's models. */
export interface HeatLegend {
  unit: string;
  n: number;
  bandwidth_m: number;
  min_n: number;
  as_of: string;
  breaks: number[];
  colours: string[];
  opacities: number[];
}

export interface LineFeature {
  properties: { kind: string; name: string };
  geometry:
    | { type: "LineString"; coordinates: [number, number][] }
    | { type: "MultiLineString"; coordinates: [number, number][][] }
    | { type: "Point"; coordinates: [number, number] };
}

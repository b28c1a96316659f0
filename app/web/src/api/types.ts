/** The shapes the server answers with, as the page uses them. Codes are 15-digit integers, safe in a JS number. */

export type Level = "city" | "district" | "subdistrict" | "community" | "cell";
export type Stage = "reported" | "registered" | "assigned" | "handling" | "checking" | "closed";
export type Measure = "reported" | "density" | "open";

export interface Paged<T> {
  total: number;
  items: T[];
  next: string | null;
}

export interface City {
  name: string;
  name_en: string;
  code: number;
  demo: boolean;
  /** west, south, east, north in degrees */
  bbox: [number, number, number, number];
  centre: [number, number];
  boundary_version: number | string;
  counts: Partial<Record<Level, number>>;
  incident_total: number;
  data_notice_zh: string;
  data_notice_en: string;
  simulation: boolean;
  server_time: string;
}

export interface ChainLink {
  code: number;
  level: Level;
  name: string;
  name_en: string | null;
}

export interface Area extends ChainLink {
  kind: string;
  parent_code: number | null;
  households: number;
  residents: number;
  area_m2: number;
  /** lon, lat */
  label: [number, number];
  bbox: [number, number, number, number];
}

export interface Assigned {
  call_sign: string;
  role: string;
  duty: string;
  station: string | null;
}

export interface Staffing {
  rule: string;
  required: Record<string, number>;
  present: Record<string, number>;
  ok: boolean;
}

export interface AreaDetail extends Area {
  chain: ChainLink[];
  children: { level: Level; count: number } | null;
  assigned: Assigned[];
  staffing: Staffing | null;
  stations: Station[];
}

export interface Station {
  station_id: number;
  code: string;
  kind: string;
  name: string;
  area_code?: number;
  lon?: number;
  lat?: number;
}

export interface TimelineStep {
  ordinal: number;
  at: string;
  step: string;
  status: string;
  tier: string;
  reason: string | null;
}

export interface Incident {
  id: string;
  no: number;
  category: string;
  category_name_zh: string;
  category_name_en: string;
  kind: string;
  title: string;
  description?: string;
  lon: number;
  lat: number;
  cell_code: number;
  chain: ChainLink[];
  severity: number;
  source: string;
  status: string;
  stage: Stage;
  occurred_at: string;
  reported_at: string;
  closed_at: string | null;
  simulated: boolean;
  location_uncertainty_m: number | null;
}

export interface IncidentDetail extends Incident {
  timeline: TimelineStep[];
}

export interface NewIncident {
  id: string;
  category: string;
  title: string;
  description: string;
  lon: number;
  lat: number;
  source: string;
  severity: number;
}

export interface Counts {
  level: Level;
  measure: Measure;
  unit: string;
  as_of: string;
  since: string | null;
  until: string | null;
  n: number;
  boundary_version: number | string;
  values: Record<string, number>;
}

export interface Histogram {
  since: string;
  until: string;
  bucket_s: number;
  counts: number[];
  total: number;
}

export interface Category {
  code: string;
  name_zh: string;
  name_en: string;
  kind: string;
  parent_code: string | null;
  limit: string | null;
}

export interface AddressHit {
  label: string;
  kind: string;
  code: number | null;
  lon: number;
  lat: number;
  score: number;
  uncertainty_m: number;
  chain: ChainLink[];
}

export interface ReverseHit {
  label: string;
  cell_code: number;
  chain: ChainLink[];
  distance_m: number;
  uncertainty_m: number;
}

export interface HeatLegend {
  unit: string;
  n: number;
  bandwidth_m: number;
  min_n: number;
  as_of: string;
  breaks: number[];
  colours: string[];
}

export interface LineFeature {
  properties: { kind: string; name: string };
  geometry:
    | { type: "LineString"; coordinates: [number, number][] }
    | { type: "MultiLineString"; coordinates: [number, number][][] }
    | { type: "Point"; coordinates: [number, number] };
}

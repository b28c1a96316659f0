/** Every JSON call of the page, in one place. Paths and words are the server's contract. */
import type {
  AddressHit,
  Area,
  AreaDetail,
  Category,
  City,
  Counts,
  Figures,
  FiguresPart,
  Histogram,
  Incident,
  IncidentDetail,
  Level,
  LineFeature,
  Measure,
  NewIncident,
  Paged,
  ReverseHit,
  Station,
} from "./types";
import { at } from "./base";
import { presenceHeaders } from "./presence";
import { asProblem, isAbort, Problem, problemFrom } from "./problem";
import { askPassword } from "../state/password";
import { sessionEnded, setWatching, writeHeaders } from "../state/session";

const READ_TIMEOUT_MS = 20_000;
/** What is given up is done all the same: rather wait. */
const WRITE_TIMEOUT_MS = 120_000;
/** Kind of the refusal of what is more than watching. */
const AGAIN = "password-again";

export type QueryValue = string | number | boolean | null | undefined;
export type Query = Readonly<Record<string, QueryValue>>;

/** `?a=1&b=2` without the empty ones, in a stable order so that equal questions share a cache entry. */
export function queryString(query: Query): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
  return pairs.length > 0 ? `?${pairs.join("&")}` : "";
}

/** Ask, with every way of failing as a Problem; an answer without a body gives undefined. */
async function call<T>(path: string, init: RequestInit, signal?: AbortSignal): Promise<T> {
  const timeout = AbortSignal.timeout(init.method === undefined ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(at(path), {
      ...init,
      headers: { ...(init.headers as Record<string, string> | undefined), ...presenceHeaders() },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  } catch (reason) {
    if (isAbort(reason)) throw reason;
    throw asProblem(reason);
  }
  if (response.status === 401) sessionEnded();
  if (!response.ok) throw await refusalOf(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** Why an answer is a refusal; that the session only watches is noted. */
export async function refusalOf(response: Response): Promise<Problem> {
  const problem = await problemFrom(response);
  if (problem.kind === AGAIN) setWatching(true);
  return problem;
}

/** Do something that somebody wants done: where the session only watches, the password first, then once more. */
export async function acting<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    const asksAgain = thrown instanceof Problem && thrown.kind === AGAIN;
    if (!asksAgain || !(await askPassword("watching"))) throw thrown;
    return await act();
  }
}

export type WriteMethod = "POST" | "PUT" | "PATCH" | "DELETE";

/** A write with a JSON body, or none; `ifMatch`: the revision that it changes, for resources with one. */
export function write<T>(method: WriteMethod, path: string, body?: unknown, ifMatch?: number): Promise<T> {
  return acting(() =>
    call<T>(path, {
      method,
      headers: { ...writeHeaders(), ...(ifMatch === undefined ? {} : { "If-Match": `"${ifMatch}"` }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
}

/** A write whose body is a text of its own kind, such as a CSV file. */
export function sendText<T>(method: WriteMethod, path: string, text: string, type: string): Promise<T> {
  return acting(() => call<T>(path, { method, headers: { ...writeHeaders(), "content-type": type }, body: text }));
}

/** A write that carries files: the browser itself names the content type and its boundary. */
export function upload<T>(path: string, form: FormData): Promise<T> {
  const headers = Object.fromEntries(Object.entries(writeHeaders()).filter(([name]) => name !== "content-type"));
  return acting(() => call<T>(path, { method: "POST", headers, body: form }));
}

export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return call<T>(path + queryString(query), { headers: { accept: "application/json" } }, signal);
}

export interface Filter {
  area?: number | null | undefined;
  category?: string | undefined;
  status?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

export interface FiguresQuery extends Filter {
  /** a window that moves with the clock, instead of since and until */
  window?: string | undefined;
  /** lengths of the window by which the histogram reaches further on both sides */
  around?: number | undefined;
  level?: Level;
  measure?: Measure;
  buckets?: number;
  bandwidth_m?: number | undefined;
  parts: readonly FiguresPart[];
}

function filterQuery(filter: Filter): Query {
  return { ...filter };
}

export const api = {
  city: (signal?: AbortSignal) => get<City>("/api/v1/city", {}, signal),
  categories: () => get<Paged<Category>>("/api/v1/categories"),
  areas: (
    query: { level?: Level; parent?: number; q?: string; lon?: number; lat?: number; limit?: number; cursor?: string },
    signal?: AbortSignal,
  ) => get<Paged<Area>>("/api/v1/areas", query, signal),
  area: (code: number, signal?: AbortSignal) => get<AreaDetail>(`/api/v1/areas/${code}`, {}, signal),
  boundary: (code: number, signal?: AbortSignal) =>
    get<{ geometry: { type: string; coordinates: unknown } }>(`/api/v1/areas/${code}/boundary`, {}, signal),
  counts: (level: Level, measure: Measure, filter: Filter, signal?: AbortSignal) =>
    get<Counts>("/api/v1/counts", { level, measure, ...filterQuery(filter) }, signal),
  histogram: (filter: Filter, buckets: number, signal?: AbortSignal) =>
    get<Histogram>("/api/v1/histogram", { buckets, ...filterQuery(filter) }, signal),
  incidents: (query: Filter & { bbox?: string; limit?: number; cursor?: string }, signal?: AbortSignal) =>
    get<Paged<Incident>>("/api/v1/incidents", { ...query }, signal),
  incident: (id: string, signal?: AbortSignal) =>
    get<IncidentDetail>(`/api/v1/incidents/${encodeURIComponent(id)}`, {}, signal),
  incidentByNumber: (no: number, signal?: AbortSignal) => get<IncidentDetail>(`/api/v1/incidents/no/${no}`, {}, signal),
  report: (body: NewIncident) => write<IncidentDetail>("POST", "/api/v1/incidents", body),
  addresses: (q: string, limit: number, signal?: AbortSignal) =>
    get<Paged<AddressHit>>("/api/v1/addresses", { q, limit }, signal),
  reverse: (lon: number, lat: number, signal?: AbortSignal) =>
    get<ReverseHit>("/api/v1/addresses/reverse", { lon, lat }, signal),
  stations: (query: { area?: number; bbox?: string; limit?: number }, signal?: AbortSignal) =>
    get<Paged<Station>>("/api/v1/stations", query, signal),
  /** All figures of one look. The same question again costs little: the browser says what it holds (ETag). */
  figures: (query: FiguresQuery, signal?: AbortSignal) =>
    get<Figures>("/api/v1/figures", { ...query, parts: query.parts.join(",") }, signal),
  features: (signal?: AbortSignal) => get<{ features: LineFeature[] }>("/api/v1/layers/features.geojson", {}, signal),
};

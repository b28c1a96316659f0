/** Calls of the case loop: tasks, steps, clocks, units, duplicates, contact, photos. */
import { get, upload, write } from "./client";
import type { Incident, IncidentDetail, Paged } from "./types";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type CaseClock = Schemas["CaseClock"];
export type ClockSummary = Schemas["ClockSummary"];

/** One thing that a step says; also of steps that are not a case's. */
export type StepField = Omit<Schemas["StepField"], "choices"> & { readonly choices: readonly string[] };
export interface NextStep {
  readonly step: string;
  readonly fields: readonly StepField[];
  /** what is waited for from this post: the one filled button */
  readonly ordinary: boolean;
}
export type CaseStep = Schemas["TimelineStep"];
export interface Task {
  readonly incident: Incident;
  readonly next_steps: readonly NextStep[];
  readonly why: string;
}
export type Suggestion = Schemas["Suggestion"];

export interface DutyUnit {
  readonly unit_id: number;
  readonly call_sign: string;
  readonly role: string;
  readonly station: {
    readonly id: number;
    readonly name: string;
    readonly kind: string;
    readonly area_code: number | null;
  } | null;
}

export type CaseDetail = IncidentDetail;
export type StepValues = Readonly<Record<string, string | number>>;

export type Contact = Schemas["RevealedContact"];
export type Photo = Schemas["Attachment"];
export type PhotoKind = Schemas["PhotoKind"];
export const PHOTO_KINDS = ["before", "after", "near", "far"] as const satisfies readonly PhotoKind[];

const INCIDENTS = "/api/v1/incidents";
const of = (id: string): string => `${INCIDENTS}/${encodeURIComponent(id)}`;

export const caseApi = {
  tasks: (query: { area?: number | undefined; limit?: number; cursor?: string }, signal?: AbortSignal) =>
    get<Paged<Task>>("/api/v1/tasks", query, signal),
  due: (
    query: { area?: number | undefined; state?: string | undefined; limit?: number; cursor?: string },
    signal?: AbortSignal,
  ) => get<Paged<Incident>>(`${INCIDENTS}/due`, query, signal),
  clockSummary: (area: number | undefined, signal?: AbortSignal) =>
    get<ClockSummary>("/api/v1/clocks/summary", { area }, signal),
  step: (id: string, step: string, values: StepValues, version: number | undefined) =>
    write<CaseDetail>("POST", `${of(id)}/steps`, { step, ...values, ...(version === undefined ? {} : { version }) }),
  units: (query: { area?: number | undefined; role?: string | undefined; limit?: number }, signal?: AbortSignal) =>
    get<Paged<DutyUnit>>("/api/v1/duty_units", query, signal),
  suggestions: (body: { category: string; title: string; description: string; lon: number; lat: number }) =>
    write<{ items: Suggestion[] }>("POST", "/api/v1/duplicates/suggestions", body),
  reveal: (id: string, reason: string) => write<Contact>("POST", `${of(id)}/contact/reveal`, { reason }),
  setContact: (id: string, body: Record<string, string>) => write<undefined>("PUT", `${of(id)}/contact`, body),
  eraseContact: (id: string) => write<undefined>("DELETE", `${of(id)}/contact`),
  photos: (id: string, signal?: AbortSignal) => get<Paged<Photo>>(`${of(id)}/attachments`, {}, signal),
  addPhoto: (id: string, kind: PhotoKind, file: File) => {
    const form = new FormData();
    form.set("kind", kind);
    form.set("file", file);
    return upload<Photo>(`${of(id)}/attachments`, form);
  },
  removePhoto: (id: string | number) =>
    write<undefined>("DELETE", `/api/v1/attachments/${encodeURIComponent(String(id))}`),
};
